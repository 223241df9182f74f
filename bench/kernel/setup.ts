import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { measure } from '#bench/measure.ts'
import type { Series } from '#bench/report.ts'
import { inNetns } from '#kernel/netns.ts'
import { startForwarder } from './forwarder.ts'
import { crossConnectOf, type Field, startPlace } from './places.ts'

/** What the forwarder takes for connections, and what it is with many of them. */
export interface SetupReport {
  readonly series: readonly Series[]
  /** Requests that one core would take in a second: what the forwarder spends on a processor, for 16 at a time. */
  readonly perCoreSecond: number
  /** MiB resident. */
  readonly memory: { readonly idle: number; readonly loaded: number }
  readonly restart: { readonly ms: number; readonly sent: number; readonly lost: number }
  /** Milliseconds: medians around connection 100 and at the last. */
  readonly flat: { readonly first: number; readonly last: number; readonly connections: number }
}

const thousand = 1_000

/** Makes connections by the forwarder's socket: a thousand, a restart, and then as many as asked for in all. */
export async function setUp(base: string, connections: number): Promise<SetupReport> {
  await using owned = new AsyncDisposableStack()
  const field: Field = {
    clients: Array.from({ length: 100 }, (_, at) => owned.use(startPlace(`${base}/client-${at}`))),
    endpoint: owned.use(startPlace(`${base}/endpoint`)),
  }
  const forwarder = owned.use(await startForwarder(base))
  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at)
  const request = (what: string, parallel: number, items: readonly number[]) =>
    measure(what, { items, parallel }, at => forwarder.client.request(crossConnectOf(field, at)))
  const idle = forwarder.memory()
  await request('warming up', 1, numbers(0, 50))
  const early = await request('Request, connections 50 to 150', 1, numbers(50, 150))
  const alone = await request('Request, one at a time', 1, numbers(150, 450))
  const before = forwarder.cpuMs()
  const many = await request('Request, 16 at a time', 16, numbers(450, thousand))
  const cpu = (forwarder.cpuMs() - before) / many.count
  const again = await request('Request again, nothing to change', 1, numbers(0, 300))
  const loaded = forwarder.memory()
  const pinging = ping(field)
  const ms = await forwarder.restart(thousand)
  const lost = await pinging
  await request('between', 16, numbers(thousand, connections - 100))
  const late = await request(
    `Request, connections ${connections - 100} to ${connections}`,
    1,
    numbers(connections - 100, connections),
  )
  const someClosed = numbers(0, 500)
  const closed = await measure('Close, 16 at a time', { items: someClosed, parallel: 16 }, at =>
    forwarder.client.close({ id: `bench-${at}` }),
  )
  return {
    series: [alone, again, many, early, late, closed],
    perCoreSecond: 1_000 / cpu,
    memory: { idle, loaded },
    restart: { ms, ...lost },
    flat: { first: early.p50, last: late.p50, connections },
  }
}

/** Pings through connection 0 for three seconds, a hundred times a second. */
async function ping({ clients: [client] }: Field): Promise<{ readonly sent: number; readonly lost: number }> {
  if (client === undefined) return { sent: 0, lost: 0 }
  const child = inNetns(client, () =>
    spawn('ping', ['-q', '-i', '0.01', '-c', '300', '10.64.0.2'], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  const exit = once(child, 'exit')
  const said = await text(child.stdout)
  await exit
  const [, sent, received] = /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(said) ?? []
  return { sent: Number(sent), lost: Number(sent) - Number(received) }
}
