import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { meshNamed } from './nsm.ts'

const mesh = meshNamed('t-forwarders')

/** What stands behind `$ ` in the document, in order. */
const commands = [...readFileSync('docs/forwarders.md', 'utf8').matchAll(/^\$ (.+)$/gm)].flatMap(
  match => match[1] ?? [],
)

describe('docs/forwarders.md', () => {
  const owned = new AsyncDisposableStack()
  let path: string

  beforeAll(async () => {
    const folder = owned.use(await mkdtempDisposable(join(tmpdir(), 'nsm-doc-'))).path
    // The Node of the checkout goes before that of the machine, as `npx nsm` has it.
    mkdirSync(join(folder, 'bin'))
    symlinkSync(resolve('node_modules/.bin/node'), join(folder, 'bin', 'node'))
    path = [join(folder, 'bin'), process.env['PATH'] ?? ''].join(delimiter)
  })

  afterAll(async () => {
    await mesh.run('down')
    await owned.disposeAsync()
  })

  it('has commands to run', () => {
    expect(commands.length).toBeGreaterThan(4)
  })

  it.each(commands)('%s', async command => {
    const child = spawn('sh', ['-c', command.replaceAll('npx nsm', 'node dist/cli.js')], {
      env: { ...process.env, PATH: path, NSM_MESH: mesh.name, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ])
    expect(code, `${stdout}${stderr}`).toBe(0)
  })
})
