import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectionsOf, host, meshNamed } from './nsm.ts'

const mesh = meshNamed('t-icmp')

describe('icmp-responder', () => {
  beforeAll(async () => {
    await mesh.ok('up', '-f', 'manifests/examples/icmp-responder')
  })
  afterAll(async () => {
    await mesh.ok('down')
  })

  it('four clients are spread over two endpoints, two each', async () => {
    const rows = await connectionsOf(mesh)
    const perEndpoint = Object.values(
      Object.groupBy(rows, row => row.connection.networkServiceEndpointName),
    ).map(group => group?.length)
    expect(perEndpoint).toEqual([2, 2])
  })

  it('every client pings its endpoint', async () => {
    const rows = await connectionsOf(mesh)
    const pings = await Promise.all(
      rows.map(row =>
        mesh.run(
          'exec',
          row.client.name,
          '--',
          'ping',
          '-c',
          '1',
          '-W',
          '2',
          host(row.connection.context.ipContext.dstIpAddrs[0]),
        ),
      ),
    )
    expect(pings.map(ping => ping.code)).toEqual([0, 0, 0, 0])
  })
})
