import { expect, it } from 'vitest'
import { fakeEndpoint } from './fake-endpoint.ts'
import { fakeForwarder } from './fake-forwarder.ts'
import { requestFor, testNode } from './fixture.ts'

it('a monitor shows a pod its own connections and nobody else’s', async () => {
  await using node = await testNode()
  await using _forwarder = await fakeForwarder(node.baseDir)
  await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
  const [mine, other] = [await node.pod('mine'), await node.pod('other')]
  await mine.service.request(requestFor('vpn', { id: 'first' }))
  await other.service.request(requestFor('vpn'))
  const seen: string[] = []
  for await (const { type, connections } of mine.monitor.monitorConnections({})) {
    seen.push(
      `${type}: ${Object.values(connections)
        .map(({ path }) => path?.pathSegments[0]?.id)
        .join(',')}`,
    )
    if (seen.length === 1) await mine.service.request(requestFor('vpn', { id: 'second' }))
    if (seen.length === 2) {
      await other.service.close({ id: 'vpn-nsm0' })
      await mine.service.close({ id: 'first' })
    }
    if (seen.length === 3) break
  }
  expect(seen).toEqual(['0: first', '1: second', '2: first'])
})
