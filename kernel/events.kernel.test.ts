import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { watchEvents } from './events.ts'
import { netlinkKernel } from './netlink.ts'
import { createNetns, openNetnsFile } from './netns.ts'
import { Nsids } from './nsid.ts'
import { temporaryFolder } from './scratch.ts'

test('watchEvents() says resync when more happened than the socket holds, and goes on', async () => {
  using folder = temporaryFolder()
  using pod = createNetns(`${folder.path}/pod`)
  using kernel = netlinkKernel()
  using namespace = kernel.open(pod)
  using netns = openNetnsFile(pod.path)
  using nsids = new Nsids()
  const stop = new AbortController()
  nsids.assign(netns)
  const events = watchEvents(nsids, stop.signal, { receiveBuffer: 1 })
  const { link } = namespace
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

test('a process that watches events ends by itself after the abort', async () => {
  const child = fork('kernel/events-child.ts', {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  try {
    expect(await once(child, 'message')).toEqual(['watching', undefined])
    const exit = once(child, 'exit', { signal: AbortSignal.timeout(15_000) })
    child.send('stop')
    expect(await exit).toEqual([0, null])
  } finally {
    child.kill('SIGKILL')
  }
})
