import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { type Source, sources } from './sources.ts'

/** Who may import whom, as data. A folder that is not listed may not exist. `sdk` is split by its parts. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'sdk/errors.ts': [],
  'sdk/log.ts': [],
  'sdk/wire': ['sdk/errors.ts'],
  'sdk/service-ref': ['sdk/errors.ts'],
  'sdk/ipam': ['sdk/errors.ts'],
  'sdk/chain': ['sdk/errors.ts', 'sdk/log.ts', 'sdk/wire'],
  'sdk/workspace': ['sdk/errors.ts', 'sdk/rpc', 'sdk/ipam'],
  'sdk/forwarder': ['sdk/errors.ts', 'sdk/log.ts', 'sdk/wire', 'sdk/rpc', 'sdk/workspace'],
  'sdk/elements': ['sdk/errors.ts', 'sdk/log.ts', 'sdk/wire', 'sdk/chain', 'sdk/ipam', 'sdk/rpc'],
  'sdk/http2': [],
  'sdk/rpc': ['sdk/errors.ts', 'sdk/log.ts', 'sdk/wire', 'sdk/chain', 'sdk/http2'],
  sdk: ['sdk'],
  kernel: ['sdk/errors.ts'],
  kube: ['sdk/errors.ts', 'sdk/log.ts', 'sdk/wire'],
  runtime: ['sdk/errors.ts', 'sdk/log.ts', 'package.json'],
  certs: ['sdk', 'runtime', 'kube'],
  webhook: ['sdk', 'kube', 'runtime', 'certs'],
  issuer: ['sdk', 'kube', 'runtime', 'certs'],
  'init-client': ['sdk', 'runtime'],
  'sidecar-nsc': ['sdk', 'runtime', 'init-client'],
  'sidecar-nse': ['sdk', 'runtime'],
  registry: ['sdk', 'kube', 'runtime'],
  'device-plugin': ['sdk', 'runtime'],
  manager: [
    'sdk',
    'kube',
    'runtime',
    'registry',
    'kernel/peer.ts',
    'kernel/peer-lives.ts',
    'kernel/errors.ts',
  ],
  forwarder: ['sdk', 'runtime', 'kernel'],
  capture: ['sdk', 'runtime', 'kernel'],
  local: ['sdk', 'runtime', 'kernel', 'kube', 'certs', 'package.json'],
  cli: [
    'sdk',
    'runtime',
    'local',
    'certs',
    'kube',
    'package.json',
    'webhook/explain.ts',
    'webhook/names.ts',
    'webhook/patch.ts',
    'webhook/rules.ts',
    'webhook/settings.ts',
    'webhook/status.ts',
    'webhook/unpatch.ts',
  ],
  docs: ['sdk/index.ts', 'kernel/errors.ts', 'kernel/netns.ts', 'kernel/resolve.ts'],
  bench: ['*'],
  test: ['*'],
  scripts: [],
  'build.ts': [],
  'vitest.config.ts': [],
}

/** Packages that only one folder may know. Tests may use them all. */
const ownedBy: Readonly<Record<string, readonly string[]>> = {
  koffi: ['kernel'],
  '@grpc/grpc-js': ['sdk/rpc'],
  fastify: ['webhook'],
  'node-forge': ['certs'],
  pino: ['runtime'],
  'prom-client': ['webhook'],
  commander: ['cli'],
  'fast-json-patch': ['webhook', 'local'],
  yaml: ['local', 'cli', 'sidecar-nse'],
  '@kubernetes/client-node': ['kube'],
}

const files = sources()

describe('layers', () => {
  it('every folder imports only what the table allows', () => {
    const wrong = files.flatMap(file =>
      file.imports.filter(target => !allowed(file, target)).map(target => `${file.path} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('nobody climbs out of a folder with ../', () => {
    expect(
      files.flatMap(file =>
        file.imports.filter(target => target.startsWith('../')).map(target => `${file.path}: ${target}`),
      ),
    ).toEqual([])
  })

  it('only a package’s owner imports it', () => {
    const wrong = files
      .filter(file => !isTest(file))
      .flatMap(file =>
        file.imports
          .filter(target => target in ownedBy && !owns(file, target))
          .map(target => `${file.path} imports ${target}`),
      )
    expect(wrong).toEqual([])
  })

  it('the init client never loads grpc-js or pino, which would double its start', () => {
    const seen = new Set<string>()
    const packages = reach('init-client/main.ts', seen)
    expect([...packages].filter(name => name === '@grpc/grpc-js' || name === 'pino')).toEqual([])
    expect(seen.size).toBeGreaterThan(3)
  })

  it('no manifest gives a capability, a host namespace or privilege to a program that does not import kernel', () => {
    const privileged = new Set(
      files
        .filter(
          file =>
            !isTest(file) &&
            file.imports.some(target => target.startsWith('#kernel/') && !target.startsWith('#kernel/peer')),
        )
        .map(file => file.folder),
    )
    const wrong = containersOfManifests()
      .filter(
        item =>
          item.wants.length > 0 &&
          !privileged.has(item.program) &&
          !(item.program === 'manager' && item.wants.every(want => want === 'hostPID')),
      )
      .map(item => `${item.file}: ${item.program} wants ${item.wants.join(', ')}`)
    expect(wrong).toEqual([])
  })
})

function allowed(file: Source, target: string): boolean {
  if (!target.startsWith('#')) return true
  const rules =
    mayImport[layerOf(file.path)] ??
    mayImport[file.folder] ??
    (file.path in mayImport ? mayImport[file.path] : undefined)
  if (rules === undefined) return false
  const wanted = target.slice(1)
  return (
    rules.includes('*') ||
    (wanted.startsWith(`${file.folder}/`) && file.folder !== 'sdk') ||
    layerOf(wanted) === layerOf(file.path) ||
    rules.some(rule => wanted === rule || wanted.startsWith(`${rule}/`) || wanted.startsWith(`${rule}.`)) ||
    (isTest(file) && (wanted.startsWith('test/') || wanted.startsWith('sdk/')))
  )
}

/** `sdk/rpc/serve.ts` → `sdk/rpc`, `sdk/service-ref.ts` → `sdk/service-ref`, `manager/chain.ts` → `manager`. */
function layerOf(path: string): string {
  const [first = '', second = ''] = path.split('/')
  if (first !== 'sdk') return first
  return `sdk/${second}` in mayImport ? `sdk/${second}` : `sdk/${second.replace(/(\.test)?\.ts$/, '')}`
}

function owns(file: Source, target: string): boolean {
  return (
    (ownedBy[target] ?? []).some(owner => file.path.startsWith(`${owner}/`)) ||
    ['bench', 'test'].includes(file.folder)
  )
}

function isTest(file: Source): boolean {
  return /\.(test|contract)\.ts$/.test(file.path) || file.folder === 'test'
}

/** The packages that a file loads, directly or not; type-only imports cost nothing and do not count. */
function reach(path: string, seen: Set<string>): ReadonlySet<string> {
  if (seen.has(path)) return new Set()
  seen.add(path)
  const text = readFileSync(path, 'utf8').replaceAll(/import type [^'"]*['"][^'"]+['"]/g, '')
  const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].flatMap(
    match => match[1] ?? [],
  )
  return new Set(
    targets.flatMap(target => {
      if (target.startsWith('#')) return [...reach(target.slice(1), seen)]
      if (target.startsWith('./'))
        return [...reach(new URL(target, `file:///${path}`).pathname.slice(1), seen)]
      return target.startsWith('node:') ? [] : [target]
    }),
  )
}

interface Wish {
  readonly file: string
  readonly program: string
  readonly wants: readonly string[]
}

interface PodSpec {
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly containers?: readonly {
    readonly securityContext?: {
      readonly privileged?: boolean
      readonly capabilities?: { readonly add?: readonly string[] }
    }
  }[]
}

function containersOfManifests(): readonly Wish[] {
  return globSync('manifests/base/**/*.yaml').flatMap(file =>
    parseAllDocuments(readFileSync(file, 'utf8')).flatMap(document => {
      const object = document.toJS() as {
        readonly spec?: { readonly template?: { readonly spec?: PodSpec } }
      } | null
      const spec = object?.spec?.template?.spec
      if (spec === undefined) return []
      const capabilities = (spec.containers ?? []).flatMap(container => [
        ...(container.securityContext?.capabilities?.add ?? []),
        ...(container.securityContext?.privileged === true ? ['privileged'] : []),
      ])
      const host = [
        ...(spec.hostNetwork === true ? ['hostNetwork'] : []),
        ...(spec.hostPID === true ? ['hostPID'] : []),
      ]
      return [{ file, program: file.split('/')[2] ?? '', wants: [...capabilities, ...host] }]
    }),
  )
}
