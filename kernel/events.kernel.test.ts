import { expect, test } from 'vitest'
import { watchEvents } from './events.ts'
import { linkVerbs } from './link.ts'
import { createNetns, openNetnsFile } from './netns.ts'
import { Nsids } from './nsid.ts'
import { temporaryFolder } from './scratch.ts'
import { openSocketIn } from './socket.ts'

test('watchEvents() says resync when more happened than the socket holds, and goes on', async () => {
  using folder = temporaryFolder()
  using pod = createNetns(`${folder.path}/pod`)
  using netns = openNetnsFile(pod.path)
  using socket = openSocketIn(pod)
  using nsids = new Nsids()
  const stop = new AbortController()
  nsids.assign(netns)
  const events = watchEvents(nsids, stop.signal, { receiveBuffer: 1 })
  const link = linkVerbs({ netns, socket, where: 'here', proc: '/proc', fdOf: () => netns.fd })
  link.set(1, { admin: 'up' })
  for (let i = 0; i < 100; i++) link.set(1, { alias: `change ${i}` })
  const seen = new Set<string>()
  for await (const event of events) {
    if (event.type === 'resync') link.set(1, { alias: 'afterwards' })
    seen.add(event.type === 'link.changed' ? event.link.alias : event.type)
    if (seen.has('afterwards')) stop.abort()
  }
  expect(seen).toContain('resync')
  expect(seen.size).toBeLessThan(100)
})
