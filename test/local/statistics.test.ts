import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answersTo, Manifests } from './fixture.ts'
import { connectionsOf, eventually, host, meshNamed } from './nsm.ts'
import { placed } from './placed.ts'

const mesh = meshNamed('t-stats')
const manifests = new Manifests()

interface EndRow {
  readonly id: string
  readonly side: 'src' | 'dst'
  readonly interface: string
  readonly rxPackets: string
  readonly txPackets: string
  readonly rxErrors: string
}

interface Packets {
  readonly received: number
  readonly sent: number
}

/** Packets at the two ends of a connection, client first. */
async function packetsOf(id: string): Promise<readonly Packets[]> {
  const { ends } = JSON.parse(await mesh.ok('connections', '--stats', '--json')) as {
    ends: readonly EndRow[]
  }
  return (['src', 'dst'] as const).flatMap(side =>
    ends
      .filter(end => end.id === id && end.side === side)
      .map(end => ({ received: Number(end.rxPackets), sent: Number(end.txPackets) })),
  )
}

describe('nsm connections --stats', () => {
  beforeAll(async () => {
    await mesh.ok('up', '--nodes', '2')
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it.each([
    { where: 'on one node', clients: 'node-1', endpoints: 'node-1' },
    { where: 'between two nodes', clients: 'node-1', endpoints: 'node-2' },
  ])('$where, both ends grow by exactly the packets of a ping', async ({ clients, endpoints }) => {
    const file = manifests.file('p2p', ...placed('manifests/examples/p2p-link', { clients, endpoints }))
    await mesh.ok('apply', '-f', file)
    const [row] = await connectionsOf(mesh)
    if (row === undefined) throw new Error('no connection')
    const { id, context } = row.connection
    const to = host(context.ipContext.dstIpAddrs[0])
    // Neighbours ask for each other now and then, so one ping among several is alone.
    const growth = await eventually('a ping without neighbour discovery beside it', async () => {
      const before = await packetsOf(id)
      expect(await answersTo(mesh, { from: row.client.name, to, count: 4 })).toBe(4)
      const after = await packetsOf(id)
      const grown = after.map((end, index) => ({
        received: end.received - (before[index]?.received ?? 0),
        sent: end.sent - (before[index]?.sent ?? 0),
      }))
      return grown.every(({ received, sent }) => received === 4 && sent === 4) ? grown : undefined
    })
    expect(growth).toHaveLength(2)
    expect(await mesh.ok('connections', '--stats')).toMatch(
      /^ID +SERVICE +POD +INTERFACE +RECEIVED +SENT +ERRORS +DROPPED\n.*device-1 +eth12 +\d+ packets, .*\n.*device-2 +eth21 /,
    )
    await mesh.ok('delete', '-f', file)
    expect(await packetsOf(id)).toEqual([])
  })
})
