import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folder, nsm } from './command.fixture.ts'
import { pod } from './round-trip.fixture.ts'

const changed = (from: string, to: string) => pod.replace(from, to)
const spec = (text: string) => pod.replace('spec:\n', `spec:\n  ${text}\n`)

const rows = [
  { story: 'an annotated pod', text: pod, report: 'pod/web injected: vpn-gateway → nsm-init', exit: 0 },
  {
    story: 'two services',
    text: changed(': vpn', ': a/nsm0, vpn'),
    report: 'pod/web injected: a/nsm0,vpn-gateway → nsm-init',
    exit: 0,
  },
  {
    story: 'a pod with a prefix for a name',
    text: changed('name: web', 'generateName: web-'),
    report: 'pod/web-* injected: vpn-gateway → nsm-init',
    exit: 0,
  },
  {
    story: 'a pod without the annotation',
    text: changed('ns.networkservicemesh.io', 'other'),
    report: 'pod/web unchanged',
    exit: 0,
  },
  {
    story: 'an annotation in another case',
    text: changed('ns.net', 'Ns.net'),
    report: 'pod/web unchanged\npod/web warning: annotation Ns.networkservicemesh.io is ignored',
    exit: 0,
  },
  {
    story: 'an annotation of a workload in another case',
    text: 'kind: Job\nmetadata: {name: a, annotations: {Ns.networkservicemesh.io: a}}\nspec: {template: {}}\n',
    report: 'job/a warning: annotation Ns.networkservicemesh.io is ignored',
    exit: 0,
  },
  {
    story: 'a kind that makes no pods',
    text: 'kind: ConfigMap\nmetadata: {name: a}\n',
    report: 'configmap/a unchanged',
    exit: 0,
  },
  {
    story: 'a patch without a pod template',
    text: 'kind: Deployment\nmetadata: {name: a}\nspec: {replicas: 3}\n',
    report: 'deployment/a unchanged',
    exit: 0,
  },
  { story: 'a document that is no object', text: '- 1\n', report: '', exit: 0 },
  { story: 'nothing', text: '', report: '', exit: 0 },
  {
    story: 'a host-network pod',
    text: spec('hostNetwork: true'),
    report: 'pod/web skipped: host-network: the pod has hostNetwork: true',
    exit: 0,
  },
  {
    story: 'a host-network pod, as YAML 1.1 says true',
    text: spec('hostNetwork: yes'),
    report: 'pod/web skipped: host-network',
    exit: 0,
  },
  {
    story: 'a Windows pod',
    text: spec('os: {name: windows}'),
    report: 'pod/web skipped: windows-pod',
    exit: 0,
  },
  {
    story: 'an ignored namespace',
    text: changed('name: web', 'namespace: kube-system\n  name: web'),
    report: 'pod/web skipped: ignored-namespace',
    exit: 0,
  },
  {
    story: 'a pod that opts out',
    text: changed(': vpn-gateway', ': a\n    networkservicemesh.io/inject: "false"'),
    report: 'pod/web skipped: opted-out',
    exit: 0,
  },
  {
    story: 'a switch without quotes',
    text: changed(': vpn-gateway', ': a\n    networkservicemesh.io/inject: false'),
    report: 'pod/web refused: Pod /metadata/annotations/networkservicemesh.io/inject is a boolean',
    exit: 65,
  },
  {
    story: 'a switch of another value',
    text: changed(': vpn-gateway', ': a\n    networkservicemesh.io/inject: maybe'),
    report: 'pod/web refused',
    exit: 65,
  },
  {
    story: 'a malformed annotation',
    text: changed(': vpn-gateway', ': a, b c'),
    report: 'pod/web refused: annotation ns.networkservicemesh.io, entry 2, column',
    exit: 65,
  },
  {
    story: 'a malformed annotation of a workload',
    text: 'kind: Deployment\nmetadata: {name: a, annotations: {networkservicemesh.io: "?"}}\nspec: {template: {spec: {containers: []}}}\n',
    report: 'deployment/a refused: annotation networkservicemesh.io, entry 1',
    exit: 65,
  },
  {
    story: 'a container of ours that is not',
    text: spec('initContainers: [{name: nsm-init}]'),
    report: 'pod/web refused: Pod web has a container nsm-init of its own',
    exit: 65,
  },
  {
    story: 'containers that are no list',
    text: spec('initContainers: {a: b}'),
    report: 'pod/web refused: Pod /spec/initContainers is an object, expected a list',
    exit: 65,
  },
  { story: 'text that is no YAML', text: 'a: b\n- c\n', report: 'x.yaml:2:1: ', exit: 65 },
  {
    story: 'a stream of JSON objects that does not end',
    text: '{"kind":"A"}\n{"kind":"B"}\n{"kind":}{\n',
    report: 'x.yaml:2:1: ',
    exit: 65,
  },
  {
    story: 'the place of a mistake in a stream of JSON objects',
    text: '{"kind":"A"}\n\n{"kind":"B",\n"kind":"C"}\n',
    report: 'x.yaml:4:1: Map keys must be unique',
    exit: 65,
  },
  {
    story: 'a key that is there twice',
    text: 'kind: Pod\nkind: Pod\n',
    report: 'x.yaml:2:1: Map keys must be unique [BAD_INPUT]',
    exit: 65,
  },
  {
    story: 'an alias without its anchor',
    text: 'kind: *pod\n',
    report: 'x.yaml:1: Unresolved alias',
    exit: 65,
  },
  {
    story: 'an anchored map that must change and is used again',
    text: 'kind: Pod\nmetadata:\n  annotations: &a\n    networkservicemesh.io: a\n  labels: *a\nspec:\n  containers: []\n',
    report: 'x.yaml:4: what must change here is anchored as &a and used again in ',
    exit: 65,
  },
  {
    story: 'an anchored spec that another object uses',
    text: 'kind: List\nitems:\n- kind: Pod\n  metadata: {annotations: {networkservicemesh.io: a}}\n  spec: &spec\n    containers: []\n- kind: Pod\n  spec: *spec\n',
    report: 'anchored as &spec',
    exit: 65,
  },
] as const

describe('nsm inject', () => {
  it.each(rows)('says what becomes of $story', async ({ text, report, exit }) => {
    using work = folder({ 'x.yaml': text })
    const ran = await nsm('inject', join(work.path, 'x.yaml'))
    expect(ran.report).toContain(report)
    expect(ran.exit).toBe(exit)
    if (!ran.report.includes('injected')) expect(ran.out).toBe(exit === 0 ? text : '')
  })

  it('prints nothing at all when one of many objects is refused', async () => {
    using work = folder({ 'x.yaml': `${pod}---\n${changed(': vpn-gateway', ': ","')}` })
    const ran = await nsm('inject', '-f', work.path)
    expect(ran).toMatchObject({ out: '', exit: 65 })
    expect(ran.report.split('\n')).toHaveLength(3)
  })

  it.each([
    { args: ['--mode', 'other'], says: '--mode' },
    { args: ['--in-place', '-o', 'x'], says: '--in-place' },
    { args: ['--quiet', '--json'], says: '--quiet' },
    { args: ['--wrong'], says: '--wrong' },
    { args: ['/there/is/none.yaml'], says: '/there/is/none.yaml' },
  ])('ends with 64 for $args', async ({ args, says }) => {
    const ran = await nsm('inject', ...args)
    expect(ran).toMatchObject({ out: '', exit: 64 })
    expect(ran.report).toContain(says)
  })

  it('reports refusals alone with --quiet, and places and reasons with --verbose', async () => {
    using work = folder({ 'x.yaml': `${pod}---\n${spec('hostNetwork: true')}---\nkind: A\n` })
    const file = join(work.path, 'x.yaml')
    expect((await nsm('inject', '-q', file)).report).toBe('')
    expect((await nsm('inject', '-v', file)).report).toBe(
      [
        `${file}:1: pod/web injected: vpn-gateway → nsm-init [injected]`,
        `${file}:12: pod/web skipped: host-network: the pod has hostNetwork: true`,
        'pod/web warning: network services are asked for, but the pod has hostNetwork: true, so it has no interfaces of its own and gets none',
        `${file}:24: a/? unchanged: objects of this kind make no pods [other-kind]`,
        '',
      ].join('\n'),
    )
  })

  it('reports JSON with --json', async () => {
    using work = folder({ 'x.yaml': pod })
    const ran = await nsm('inject', '--json', '-f', join(work.path, 'x.yaml'))
    expect(JSON.parse(ran.report)).toEqual({
      objects: [
        {
          object: 'pod/web',
          place: `${work.path}/x.yaml:1`,
          state: 'injected',
          reasons: ['injected'],
          says: 'vpn-gateway → nsm-init',
          services: 'vpn-gateway',
          warnings: [],
        },
      ],
    })
  })

  it('takes the settings of its options', async () => {
    using work = folder({ 'x.yaml': pod })
    const file = join(work.path, 'x.yaml')
    const { out } = await nsm(
      'inject',
      file,
      '--image',
      'a/b:c',
      '--pull-policy',
      'Never',
      '--mesh-namespace',
      'mesh',
    )
    expect(out).toMatch(/image: a\/b:c\n\s+imagePullPolicy: Never\n/)
    expect(out).toMatch(/name: NSM_NAMESPACE\n\s+value: mesh\n/)
    expect((await nsm('inject', file, '--mode', 'sidecar')).report).toContain('→ nsm-sidecar')
    expect((await nsm('inject', file, '--ignored-namespaces', 'a,lab', '-n', 'lab')).report).toContain(
      'skipped',
    )
  })

  it('separates the documents of several files', async () => {
    using work = folder({ 'a.yaml': 'kind: A', 'b.json': '{"kind":"B"}\n', 'c.yml': '--- # c\nkind: C\n' })
    const { out } = await nsm('inject', '-f', work.path)
    expect(out).toBe('kind: A\n---\n{"kind":"B"}\n--- # c\nkind: C\n')
  })

  it('looks into the folders of folders with -R alone, and writes the same tree to -o', async () => {
    using work = folder({ 'a.yaml': pod })
    mkdirSync(join(work.path, 'deeper'))
    writeFileSync(join(work.path, 'deeper', 'b.yaml'), 'kind: B\n')
    expect((await nsm('inject', work.path)).report).not.toContain('b/?')
    const target = join(work.path, 'out')
    await nsm('inject', '-R', work.path, '-o', target)
    expect(readdirSync(target)).toEqual(['a.yaml', 'deeper'])
    expect(readFileSync(join(target, 'deeper', 'b.yaml'), 'utf8')).toBe('kind: B\n')
  })

  it('refuses two files of one name for -o', async () => {
    using a = folder({ 'x.yaml': pod })
    using b = folder({ 'x.yaml': pod })
    const target = join(a.path, 'out')
    const ran = await nsm('inject', join(a.path, 'x.yaml'), join(b.path, 'x.yaml'), '-o', target)
    expect(ran.exit).toBe(64)
    expect(existsSync(target)).toBe(false)
  })

  it('writes in place through a link, and leaves no other file', async () => {
    using work = folder({ 'x.yaml': pod, 'same.yaml': 'kind: A\n' })
    symlinkSync('x.yaml', join(work.path, 'link.yaml'))
    await nsm('inject', '--in-place', join(work.path, 'link.yaml'), join(work.path, 'same.yaml'))
    expect(readFileSync(join(work.path, 'x.yaml'), 'utf8')).toContain('nsm-init')
    expect(readdirSync(work.path)).toEqual(['link.yaml', 'same.yaml', 'x.yaml'])
    await nsm('uninject', '--in-place', join(work.path, 'x.yaml'))
    expect(readFileSync(join(work.path, 'x.yaml'), 'utf8')).toBe(pod)
  })

  it('leaves every file as it was when one cannot be written', async () => {
    using work = folder({ 'a.yaml': pod, out: '' })
    const ran = await nsm('inject', join(work.path, 'a.yaml'), '-o', join(work.path, 'out', 'deeper'))
    expect(ran.exit).toBe(74)
    expect(readdirSync(work.path)).toEqual(['a.yaml', 'out'])
  })

  it('refuses bytes that are not UTF-8', async () => {
    using work = folder()
    writeFileSync(join(work.path, 'x.yaml'), Buffer.from('a: \xff', 'latin1'))
    expect(await nsm('inject', work.path)).toMatchObject({ out: '', exit: 65 })
  })
})

it('nsm inject | nsm uninject gives what went in, through pipes and megabytes', () => {
  const many = Array.from({ length: 600 }, (_, index) => pod.replace('name: web', `name: web-${index}`)).join(
    '---\n',
  )
  const run = (command: string, input: string) =>
    spawnSync(process.execPath, ['cli/main.ts', command, '-q'], {
      input,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    })
  const injected = run('inject', many)
  expect(injected.status).toBe(0)
  expect(injected.stdout.length).toBeGreaterThan(500_000)
  const back = run('uninject', injected.stdout)
  expect(back.status).toBe(0)
  expect(back.stdout === many).toBe(true)
}, 60_000)

it('a reader that goes away early is no defect', () => {
  using work = folder({ 'x.yaml': `# ${'x'.repeat(1_000_000)}\n` })
  const script = '"$0" cli/main.ts inject "$1" | head -c 1'
  const { stderr } = spawnSync('sh', ['-c', script, process.execPath, join(work.path, 'x.yaml')], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('nsm: nobody reads the output any more [CANCELLED]\n')
}, 60_000)
