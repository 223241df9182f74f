import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { ConfigTable } from '#runtime/config.ts'
import { errorKinds } from '#sdk/errors.ts'

/** Programs that are configured by environment variables. */
const programs = [
  'capture',
  'device-plugin',
  'forwarder',
  'init-client',
  'issuer',
  'manager',
  'registry',
  'sidecar-nsc',
  'sidecar-nse',
  'webhook',
] as const

/** Variables that manifests may set although no table has them: read by the runtime or by what runs in it. */
const common = ['LOG_LEVEL', 'NODE_OPTIONS', 'UV_THREADPOOL_SIZE']

/** Variables that only other variables of a manifest are made of. */
const referred = ['POD_IP']

describe('drift', () => {
  it('docs/errors.md has exactly one heading per error code', () => {
    const headings = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^## ([A-Z_]+)$/gm)].map(
      match => match[1] ?? '',
    )
    expect(headings.toSorted()).toEqual(Object.keys(errorKinds).toSorted())
  })

  it.each(programs)(
    '%s/README.md names every variable of its configuration table, and no other',
    async program => {
      const table = await tableOf(program)
      const known = Object.values(table).flatMap(row => [row.env, ...(row.also ?? [])])
      const readme = readFileSync(`${program}/README.md`, 'utf8')
      const named = [...readme.matchAll(/^\| `([A-Z][A-Z0-9_]+)`/gm)].map(match => match[1] ?? '')
      expect(named.toSorted()).toEqual(
        Object.values(table)
          .map(row => row.env)
          .toSorted(),
      )
      expect(known.filter(name => !readme.includes(`\`${name}\``))).toEqual([])
    },
  )

  it.each(programs)('manifests set only variables that %s reads', async program => {
    const table = await tableOf(program)
    const known = new Set([
      ...common,
      ...referred,
      ...Object.values(table).flatMap(row => [row.env, ...(row.also ?? [])]),
    ])
    expect(manifestVariables(program).filter(name => !known.has(name))).toEqual([])
  })

  it('the generated code is what buf makes of proto/', { timeout: 60_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'nsm-gen-'))
    try {
      execFileSync('node_modules/.bin/buf', ['generate', '--output', folder], {
        env: { ...process.env, PATH: `${process.cwd()}/node_modules/.bin:${process.env['PATH'] ?? ''}` },
      })
      const read = (root: string) =>
        Object.fromEntries(
          globSync('**/*.ts', { cwd: join(root, 'sdk/wire/gen') })
            .toSorted()
            .map(file => [file, readFileSync(join(root, 'sdk/wire/gen', file), 'utf8')]),
        )
      expect(read('.')).toEqual(read(folder))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('docs/dependencies.md gives a reason for each dependency', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
      string,
      Record<string, string>
    >
    const names = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap(kind =>
      Object.keys(manifest[kind] ?? {}),
    )
    const reasons = [...readFileSync('docs/dependencies.md', 'utf8').matchAll(/^\| `([^`]+)`/gm)].map(
      match => match[1] ?? '',
    )
    expect(reasons.toSorted()).toEqual(names.toSorted())
  })

  it('manifests/README.md names every example', () => {
    const text = readFileSync('manifests/examples/README.md', 'utf8')
    expect(
      globSync('manifests/examples/*/').filter(folder => !text.includes(folder.split('/')[2] ?? folder)),
    ).toEqual([])
  })
})

async function tableOf(program: string): Promise<ConfigTable> {
  const module = (await import(`#${program}/config.ts`)) as Record<string, unknown>
  const table = module['config'] ?? Object.values(module).find(value => typeof value === 'object')
  return table as ConfigTable
}

interface ManifestContainer {
  /** The program that runs in it. */
  readonly name: string
  readonly env?: readonly { readonly name: string }[]
}

function manifestVariables(program: string): readonly string[] {
  const names = globSync('manifests/base/*/*.yaml').flatMap(file =>
    parseAllDocuments(readFileSync(file, 'utf8')).flatMap(document => {
      const object = document.toJS() as {
        readonly spec?: {
          readonly template?: {
            readonly spec?: {
              readonly initContainers?: readonly ManifestContainer[]
              readonly containers?: readonly ManifestContainer[]
            }
          }
        }
      } | null
      const { initContainers = [], containers = [] } = object?.spec?.template?.spec ?? {}
      return [...initContainers, ...containers]
        .filter(container => container.name === program)
        .flatMap(container => (container.env ?? []).map(variable => variable.name))
    }),
  )
  return [...new Set(names)]
}
