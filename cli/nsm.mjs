#!/usr/bin/env node
// The `nsm` command of a checkout: makes it ready when it is not, then runs the bundled cli under Node 24.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))))
const cli = join(root, 'dist', 'cli.js')
const node24 = join(root, 'node_modules', '.bin', 'node')

if (!existsSync(cli)) {
  execFileSync(process.execPath, [join(root, 'scripts', 'prepare.mjs')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}
if (Number(process.versions.node.split('.')[0]) >= 24) {
  await import(cli)
} else {
  const done = spawnSync(node24, [cli, ...process.argv.slice(2)], { stdio: 'inherit' })
  process.exitCode = done.status ?? 128 + 15
}
