import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildGo } from './go-build.ts'
import { say } from './impossible.ts'

const version = '1.12.4'
/** Only what cluster DNS takes: all plugins of CoreDNS would bring the clients of three clouds. */
const plugins = ['cache', 'errors', 'health', 'kubernetes', 'ready']

/** Builds CoreDNS into a folder unless it is there; gives its path. */
export function provideCoredns(cache: string): string {
  const into = join(cache, `coredns-${version}`)
  if (existsSync(into)) return into
  say(`building CoreDNS ${version}`)
  const source = join(cache, 'coredns-src')
  const at = 'github.com/coredns/coredns'
  mkdirSync(source, { recursive: true })
  writeFileSync(join(source, 'go.mod'), `module nsm.test/coredns\ngo 1.24.0\nrequire ${at} v${version}\n`)
  const imports = plugins.map(name => `\t_ "${at}/plugin/${name}"\n`).join('')
  writeFileSync(
    join(source, 'main.go'),
    `package main\n\nimport (\n\t"${at}/coremain"\n${imports})\n\nfunc main() { coremain.Run() }\n`,
  )
  buildGo({ source, target: '.', flags: '-s -w', into })
  return into
}
