import { expect, it } from 'vitest'
import { ipContextOf } from '#sdk/elements/endpoint-step.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import { fakeEndpoint } from './fake-endpoint.ts'
import { fakeForwarder } from './fake-forwarder.ts'
import { requestFor, testNode } from './fixture.ts'

function answering(src: string, dst: string) {
  return async (connection: Connection): Promise<Connection> => {
    const ipContext = { ...ipContextOf(connection), srcIpAddrs: [src], dstIpAddrs: [dst] }
    return connection.context === undefined
      ? connection
      : { ...connection, context: { ...connection.context, ipContext } }
  }
}

it('an endpoint is told the addresses of the client’s earlier connections, and of no later ones', async () => {
  await using node = await testNode({ excludedPrefixes: () => ['10.96.0.0/12'] })
  await using _forwarder = await fakeForwarder(node.baseDir)
  await using first = await fakeEndpoint(node, await node.pod('first'), { service: 'vpn' })
  await using second = await fakeEndpoint(node, await node.pod('second'), { service: 'web' })
  first.behaviour = answering('172.16.1.97/32', '172.16.1.96/32')
  second.behaviour = answering('2001:db8::1/128', '2001:db8::/128')
  const client = await node.pod('client')
  const other = await node.pod('other')

  const vpn = await client.service.request(requestFor('vpn'))
  await client.service.request(requestFor('web'))
  await client.service.request({ connection: vpn })
  await other.service.request(requestFor('web'))

  const excludedOf = ({ asked }: { readonly asked: readonly Connection[] }) =>
    asked.map(connection => connection.context?.ipContext?.excludedPrefixes)
  expect(excludedOf(first)).toEqual([['10.96.0.0/12'], ['10.96.0.0/12']])
  expect(excludedOf(second)).toEqual([['10.96.0.0/12', '172.16.1.97/32', '172.16.1.96/32'], ['10.96.0.0/12']])
})

it('an endpoint that hands out what the client has elsewhere is passed over', async () => {
  await using node = await testNode()
  await using _forwarder = await fakeForwarder(node.baseDir)
  await using first = await fakeEndpoint(node, await node.pod('first'), { service: 'vpn' })
  await using second = await fakeEndpoint(node, await node.pod('second'), { service: 'web' })
  for (const endpoint of [first, second]) endpoint.behaviour = answering('172.16.1.97/32', '172.16.1.96/32')
  const client = await node.pod('client')
  await client.service.request(requestFor('vpn'))
  await expect(client.service.request(requestFor('web'))).rejects.toMatchObject({
    code: 'NO_ENDPOINT',
    message: expect.stringMatching(/172\.16\.1\.97/),
  })
})

it('of two services that give a pod the same addresses at once, one is asked again and told', async () => {
  await using node = await testNode()
  await using _forwarder = await fakeForwarder(node.baseDir)
  await using first = await fakeEndpoint(node, await node.pod('first'), { service: 'vpn' })
  await using second = await fakeEndpoint(node, await node.pod('second'), { service: 'web' })
  const asked = [first, second].map(() => Promise.withResolvers<void>())
  const both = Promise.all(asked.map(({ promise }) => promise))
  for (const [index, endpoint] of [first, second].entries())
    endpoint.behaviour = async connection => {
      asked[index]?.resolve()
      await both
      return await answering('172.16.1.97/32', '172.16.1.96/32')(connection)
    }
  const client = await node.pod('client')
  const outcomes = await Promise.allSettled(
    ['vpn', 'web'].map(service => client.service.request(requestFor(service))),
  )
  const refused = outcomes.filter(outcome => outcome.status === 'rejected')
  expect(refused).toMatchObject([{ reason: { code: 'CONFLICT' } }])
  const late = outcomes[0]?.status === 'rejected' ? 'vpn' : 'web'
  for (const endpoint of [first, second]) endpoint.behaviour = answering('172.16.1.99/32', '172.16.1.98/32')
  const answer = await client.service.request(requestFor(late))
  expect(answer.context?.ipContext?.excludedPrefixes).toEqual(['172.16.1.97/32', '172.16.1.96/32'])
})
