import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientPod, endpointPod, Manifests, messageOf } from './fixture.ts'
import { connectionsOf, eventually, meshNamed, podsOf } from './nsm.ts'

const mesh = meshNamed('t-bad')
const manifests = new Manifests()
const address = { IP_ADDRESS: '10.60.9.0/24' }

describe('bad input', () => {
  beforeAll(async () => {
    await mesh.ok('up')
  })
  afterAll(async () => {
    await mesh.ok('down')
    manifests[Symbol.dispose]()
  })

  it.each([
    {
      story: 'malformed YAML names file, line and column',
      text: 'kind: Pod\n  name: [',
      says: [/bad\.yaml/, /line 2|:2:/],
    },
    {
      story: 'an object without a name is named by file and kind',
      text: 'apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: b}]}\n',
      says: [/bad\.yaml/, /name/],
    },
    {
      story: 'a pod without containers',
      text: 'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {}\n',
      says: [/containers/],
    },
  ])('$story', async ({ text, says }) => {
    const done = await mesh.run('apply', '-f', manifests.file('bad', text))
    expect(done.code).toBe(65)
    for (const pattern of says) expect(done.stderr).toMatch(pattern)
    expect(await podsOf(mesh)).toEqual([])
  })

  it.each([
    { annotation: 'a/b/c', says: /entry 1/ },
    { annotation: 'web,', says: /entry 2/ },
    { annotation: '/eth0', says: /name/ },
    { annotation: 'web/interface-too-long', says: /15/ },
    { annotation: 'web?k=1&k=2', says: /k/ },
  ])(
    'the webhook refuses the annotation $annotation, and nsm apply shows why',
    async ({ annotation, says }) => {
      const done = await mesh.run(
        'apply',
        '-f',
        manifests.file('annotated', clientPod('refused', annotation)),
      )
      expect(done.code).toBe(65)
      expect(done.stderr).toMatch(/ns\.networkservicemesh\.io/)
      expect(done.stderr).toMatch(says)
      expect(await podsOf(mesh)).toEqual([])
    },
  )

  it('unknown kinds are ignored with a note', async () => {
    const done = await mesh.run(
      'apply',
      '-f',
      manifests.file('unknown', 'apiVersion: example.org/v1\nkind: Gizmo\nmetadata: {name: g}\n'),
    )
    expect(done.code).toBe(0)
    expect(done.stderr).toMatch(/gizmo\/g ignored/i)
  })

  it('runAsUser and what else the local engine ignores is said once', async () => {
    const waiting = (name: string) =>
      `${clientPod(name, 'nobody-provides-it')}  securityContext: { runAsUser: 1000 }\n`
    const first = await mesh.run('apply', '-f', manifests.file('user', waiting('user')), '--wait', '0')
    expect(first.stderr).toMatch(/runAsUser/)
    const second = await mesh.run('apply', '-f', manifests.file('user2', waiting('user2')), '--wait', '0')
    expect(second.stderr).not.toMatch(/runAsUser/)
  })

  it('an unknown service keeps the pod in Init, with a message that names it', async () => {
    const message = await eventually('the pod says why', async () => {
      const text = await messageOf(mesh, 'user')
      return text.includes('nobody-provides-it') ? text : undefined
    })
    expect(message).toMatch(/service/)
    await mesh.ok('delete', 'pod', 'user')
    await mesh.ok('delete', 'pod', 'user2')
  })

  it('an interface name that is taken in the pod fails the pod with that reason, and leaves nothing behind', async () => {
    await mesh.ok('apply', '-f', manifests.file('endpoint', endpointPod('taken-endpoint', 'taken', address)))
    await mesh.run('apply', '-f', manifests.file('taken', clientPod('taken', 'taken/lo')), '--wait', '0')
    await eventually('the pod says that lo is taken', async () =>
      (await messageOf(mesh, 'taken')).includes('lo') ? true : undefined,
    )
    expect(await connectionsOf(mesh)).toEqual([])
    expect(await mesh.ok('exec', 'taken-endpoint', '--', 'ip', '-o', 'link')).not.toContain('nsm')
    await mesh.ok('delete', 'pod', 'taken')
    await mesh.ok('delete', 'pod', 'taken-endpoint')
  })

  it('a second nsm up with the same name is told to use apply', async () => {
    const done = await mesh.run('up')
    expect(done.code).toBe(73)
    expect(done.stderr).toMatch(/nsm apply/)
  })

  it.each([
    { args: ['apply', '-f', '/does/not/exist.yaml'], code: 64, says: /exist\.yaml/ },
    { args: ['exec', 'ghost', '--', 'true'], code: 68, says: /ghost/ },
    { args: ['logs', 'ghost'], code: 68, says: /ghost/ },
    { args: ['describe', 'ghost'], code: 68, says: /ghost/ },
    { args: ['delete', 'pod', 'ghost'], code: 68, says: /ghost/ },
    { args: ['delete', 'pod'], code: 64, says: /name/ },
    { args: ['frobnicate'], code: 64, says: /unknown command/ },
    { args: ['up', '--nodes', '0'], code: 64, says: /--nodes/ },
    { args: ['ps', '--name', 'Not A Name'], code: 64, says: /--name/ },
    { args: ['ps', '--name', 'not-running'], code: 68, says: /nsm up/ },
  ])('nsm $args ends with $code and says why', async ({ args, code, says }) => {
    const done = await mesh.run(...args)
    expect(done.stderr).toMatch(says)
    expect(done.code).toBe(code)
  })
})
