import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Impossible } from './impossible.ts'
import { onPath } from './system-packages.ts'

/** One program as an ordinary Go package. */
export interface GoProgram {
  /** Folder of the module that needs it. */
  readonly source: string
  /** What is built: an import path, or `.`. */
  readonly target: string
  /** Of the linker. */
  readonly flags: string
  /** Where the program comes to be, all at once. */
  readonly into: string
}

/** Builds a program without cgo. Throws Impossible with the end of what Go says. */
export function buildGo({ source, target, flags, into }: GoProgram): void {
  mkdirSync(dirname(into), { recursive: true })
  runGo(source, ['build', '-mod=mod', '-trimpath', '-ldflags', flags, '-o', `${into}.partial`, target])
  renameSync(`${into}.partial`, into)
}

/** Runs Go in a module's folder and gives what it prints. Throws Impossible when it fails or there is no Go. */
export function runGo(source: string, args: readonly string[]): string {
  const go = onPath('go')
  if (go === undefined)
    throw new Impossible(
      'there is no Go to build Kubernetes for the tests; install Go 1.24 or newer (https://go.dev/dl) and run: node scripts/kubernetes.ts',
    )
  mkdirSync(source, { recursive: true })
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-modcacherw' }
  const done = spawnSync(go, args, { cwd: source, env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (done.status === 0) return done.stdout
  const why = `${done.stderr}${done.stdout}`.trim().split('\n').slice(-3).join(' ')
  throw new Impossible(`go ${args[0] ?? ''} in ${source} failed (it needs a network, the first time): ${why}`)
}

/** Writes a module of this name, in which versions of Kubernetes' own modules are those of its release. */
export function writeKubernetesModule(source: string, version: string): void {
  const answer: unknown = JSON.parse(
    runGo(source, ['mod', 'download', '-json', `k8s.io/kubernetes@v${version}`]),
  )
  const path = typeof answer === 'object' && answer !== null && 'GoMod' in answer ? String(answer.GoMod) : ''
  const staging = readFileSync(path, 'utf8').matchAll(/^\s*(k8s\.io\/[a-z0-9-]+) => \.\/staging/gm)
  const replacements = [...staging].map(
    ([, name = '']) => `replace ${name} => ${name} v0.${version.slice(2)}`,
  )
  const lines = ['module nsm.test/kubernetes', 'go 1.24.0', `require k8s.io/kubernetes v${version}`]
  writeFileSync(join(source, 'go.mod'), [...lines, ...new Set(replacements), ''].join('\n'))
}
