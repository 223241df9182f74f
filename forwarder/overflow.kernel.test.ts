import { expect, test } from 'vitest'
import { netlinkKernel } from '#kernel/netlink.ts'
import { netlinkHarness } from '#kernel/netlink-harness.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import { exampleCrossConnect } from './example.ts'
import { newFixture } from './fixture.ts'

const count = 10

test('a forwarder that lost events sees the right states in the end', { timeout: 60_000 }, async () => {
  const harness = netlinkHarness()
  using kernel = netlinkKernel({ receiveBuffer: 1 })
  await using at = await newFixture({ ...harness, kernel })
  const [client, endpoint] = [harness.addNetns(), harness.addNetns()]
  const crossConnects = Array.from({ length: count }, (_, i) =>
    exampleCrossConnect({
      id: `x${i}`,
      source: { name: `c${i}`, netns: client },
      destination: { name: `e${i}`, netns: endpoint },
      context: { ipContext: { srcIpAddrs: [`10.0.${i}.1/30`], dstIpAddrs: [`10.0.${i}.2/30`] } },
    }),
  )
  for (const crossConnect of crossConnects) await at.forwarder.request(crossConnect)

  // In one turn of the event loop, so that nobody reads meanwhile.
  for (let round = 0; round < 200; round++)
    for (let i = 0; i < count; i++) at.changeLink(client, `c${i}`, { admin: round % 2 === 0 ? 'down' : 'up' })
  for (let i = 0; i < count; i += 2) at.changeLink(client, `c${i}`, { admin: 'down' })
  await at.deleteLink(endpoint, 'e1')

  const wanted = Object.fromEntries(
    crossConnects.map(({ id }, i) => [id, i % 2 === 0 || i === 1 ? State.DOWN : State.UP]),
  )
  const states = new Map<string, State | undefined>()
  while (crossConnects.some(({ id }) => states.get(id) !== wanted[id])) {
    const { crossConnects: news } = await at.nextEvent()
    for (const [id, { source }] of Object.entries(news)) states.set(id, source?.state)
  }
  expect(Object.fromEntries(states)).toEqual(wanted)
})
