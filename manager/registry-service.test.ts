import { describe, expect, it, vi } from 'vitest'
import { memoryRegistry } from '#registry/memory.ts'
import { testNode } from './fixture.ts'

describe('the registry as pods see it', () => {
  it('gives an endpoint without a name one of its service, its pod’s labels below its own, and its own url back', async () => {
    await using node = await testNode()
    const pod = await node.pod('gateway', { labels: { app: 'pod', zone: 'a' } })
    const sent = {
      networkServiceNames: ['vpn'],
      networkServiceLabels: { vpn: { labels: { app: 'own' } } },
      url: 'unix:///mine.sock',
    }
    const first = await pod.endpoints.register(sent)
    expect(first.name).toMatch(/^vpn-[0-9a-z]{5}$/)
    expect(first.url).toBe('unix:///mine.sock')
    expect(first.networkServiceLabels['vpn']?.labels).toEqual({ app: 'own', zone: 'a' })
    expect((await pod.endpoints.register(sent)).name).toBe(first.name)
    const { endpoints } = await node.admin.listEndpoints({})
    expect(endpoints).toMatchObject([
      { namespace: 'default', node: 'node-1', pod: { name: 'gateway' }, endpoint: { url: '' } },
    ])
  })

  it('lets only its owner have a name, replace it and remove it', async () => {
    await using node = await testNode()
    const [owner, other] = [await node.pod('owner'), await node.pod('other')]
    await owner.endpoints.register({ name: 'gw', networkServiceNames: ['vpn'] })
    await owner.endpoints.register({ name: 'gw', networkServiceNames: ['vpn', 'web'] })
    await expect(
      other.endpoints.register({ name: 'gw', networkServiceNames: ['vpn'] }),
    ).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await expect(other.endpoints.unregister({ name: 'gw' })).rejects.toMatchObject({ code: 'DENIED' })
    await owner.endpoints.unregister({ name: 'gw' })
    await owner.endpoints.unregister({ name: 'gw' })
    await other.endpoints.register({ name: 'gw', networkServiceNames: ['vpn'] })
  })

  it('watches nothing for who only asks what is there', async () => {
    const registry = memoryRegistry()
    await using node = await testNode({ registry })
    const pod = await node.pod('client')
    const watch = vi.spyOn(registry.endpoints, 'watch')
    await Array.fromAsync(pod.endpoints.find({}))
    expect(watch).not.toHaveBeenCalled()
  })

  it('frees the name of a pod that is gone', async () => {
    await using node = await testNode()
    const before = await node.pod('set-0', { uid: 'old' })
    await before.endpoints.register({ name: 'vpn-set-0', networkServiceNames: ['vpn'] })
    await node.nsmd.deletePod({ uid: 'old' })
    const after = await node.pod('set-0', { uid: 'new' })
    const registered = () => after.endpoints.register({ name: 'vpn-set-0', networkServiceNames: ['vpn'] })
    expect((await registered().catch(registered)).name).toBe('vpn-set-0')
  })

  it('creates an unknown service without matches, and leaves a known one as its operator made it', async () => {
    await using node = await testNode()
    await node.apply('web', [{ sourceSelector: { app: 'x' }, routes: [] }])
    const pod = await node.pod('gateway')
    await pod.endpoints.register({ networkServiceNames: ['vpn'] })
    expect((await pod.services.register({ name: 'web', payload: 'IP' })).matches).toHaveLength(1)
    expect(await pod.services.register({ name: 'own', payload: 'ETHERNET' })).toMatchObject({
      payload: 'ETHERNET',
    })
    await expect(pod.services.unregister({ name: 'web' })).rejects.toMatchObject({ code: 'DENIED' })
    const { networkServices } = await node.admin.listNetworkServices({})
    expect(
      networkServices.map(({ namespace, networkService }) => `${namespace}/${networkService?.name}`),
    ).toEqual(['default/web', 'default/vpn', 'default/own'])
  })

  it.each([
    { story: 'no service', sent: {}, says: /names no network service/ },
    {
      story: 'a service name that is none',
      sent: { networkServiceNames: ['Not A Name'] },
      says: /Not A Name/,
    },
    { story: 'a name that is none', sent: { name: 'a/b', networkServiceNames: ['vpn'] }, says: /a\/b/ },
  ])('refuses an endpoint with $story', async ({ sent, says }) => {
    await using node = await testNode()
    const pod = await node.pod('gateway')
    await expect(pod.endpoints.register(sent)).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(says),
    })
    expect((await node.admin.listNetworkServices({})).networkServices).toEqual([])
  })

  it('finds what fits, and with watch tells of what comes and goes', async () => {
    await using node = await testNode()
    const pod = await node.pod('gateway')
    const stranger = await node.pod('stranger', { namespace: 'elsewhere' })
    await pod.endpoints.register({
      name: 'a',
      networkServiceNames: ['vpn'],
      networkServiceLabels: { vpn: { labels: { tier: 'gold' } } },
    })
    await stranger.endpoints.register({ name: 's', networkServiceNames: ['vpn'] })
    const gold = {
      networkServiceEndpoint: {
        networkServiceNames: ['vpn'],
        networkServiceLabels: { vpn: { labels: { tier: 'gold' } } },
      },
    }
    expect(
      (await Array.fromAsync(pod.endpoints.find(gold))).map(
        ({ networkServiceEndpoint }) => networkServiceEndpoint?.name,
      ),
    ).toEqual(['a'])
    expect(await Array.fromAsync(pod.endpoints.find({ networkServiceEndpoint: { name: 's' } }))).toEqual([])
    expect(await Array.fromAsync(pod.services.find({ networkService: { name: 'vpn' } }))).toMatchObject([
      { networkService: { name: 'vpn' } },
    ])
    const seen: string[] = []
    for await (const { networkServiceEndpoint, deleted } of pod.endpoints.find({ watch: true })) {
      seen.push(`${networkServiceEndpoint?.name}${deleted ? ' gone' : ''}`)
      if (seen.length === 1) await pod.endpoints.register({ name: 'b', networkServiceNames: ['vpn'] })
      if (seen.length === 2) await pod.endpoints.unregister({ name: 'a' })
      if (seen.length === 3) break
    }
    expect(seen).toEqual(['a', 'b', 'a gone'])
  })
})
