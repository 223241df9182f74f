import { type Body, body, type Size, sizeNames } from './bodies.ts'
import { median } from './figures.ts'
import { type Found, load } from './load.ts'
import { newPlace, type Place, type Server, start } from './servers.ts'

/** Bytes from which the webhook takes four bodies at a time, and 503 is what the others get. */
const largeBody = 256 * 1024

/** What was measured of one kind of body at one server: medians of the rounds. */
export interface Row {
  readonly size: Size
  readonly what: 'baseline' | 'annotated' | 'plain'
  readonly bytes: number
  /** With 16 connections; with 4 when the body is large. */
  readonly perSecond: number
  /** Milliseconds, with those connections. */
  readonly p99: number
  /** CPU of the server in milliseconds per request, with those connections. */
  readonly cpu: number
  /** Milliseconds, with one connection. */
  readonly alone: number
  readonly errors: number
}

/** A whole run. */
export interface WebhookReport {
  readonly rows: readonly Row[]
  /** Milliseconds from start to first answer. */
  readonly start: number
  /** MiB resident before any load, and the most with 200 requests of 20 KB in flight. */
  readonly memory: { readonly idle: number; readonly loaded: number }
}

/** Measures the webhook beside the baseline, in alternating rounds. */
export async function measureWebhook(rounds: number, seconds: number): Promise<WebhookReport> {
  await using place = await newPlace()
  const starts: number[] = []
  for (let round = 0; round < 5; round++) {
    await using fresh = await start('webhook', place)
    starts.push(fresh.startMs)
  }
  const memory = await measureMemory(place)
  await using webhook = await start('webhook', place)
  await using baseline = await start('baseline', place)
  const rows: Row[] = []
  for (const size of sizeNames) {
    const subjects = [
      { what: 'baseline', server: baseline, body: body(size, 'annotated') },
      { what: 'annotated', server: webhook, body: body(size, 'annotated') },
      { what: 'plain', server: webhook, body: body(size, 'plain') },
    ] as const
    const samples = subjects.map((): Sample[] => [])
    // What runs for the first time is compiled first, in both servers.
    for (const subject of subjects) await sample(subject, 1, place)
    for (let round = 0; round < rounds; round++)
      for (const [index, subject] of subjects.entries())
        samples[index]?.push(await sample(subject, seconds, place))
    rows.push(
      ...subjects.map(({ what, body: sent }, index) => ({
        size,
        what,
        ...sumUp(sent, samples[index] ?? []),
      })),
    )
  }
  return { rows, start: median(starts), memory }
}

interface Sample {
  readonly many: Found
  readonly one: Found
  readonly cpu: number
}

async function sample(
  { server, body: sent }: { readonly server: Server; readonly body: Body },
  seconds: number,
  place: Place,
): Promise<Sample> {
  const before = await server.cpuMs()
  const connections = sent.text.length > largeBody ? 4 : 16
  const many = await load({ url: server.url, body: sent, connections, seconds }, place)
  const cpu = ((await server.cpuMs()) - before) / many.requests
  const one = await load({ url: server.url, body: sent, connections: 1, seconds: 1 }, place)
  return { many, one, cpu }
}

function sumUp(sent: Body, samples: readonly Sample[]): Omit<Row, 'size' | 'what'> {
  const middle = (of: (sample: Sample) => number) => median(samples.map(of))
  return {
    bytes: sent.text.length,
    perSecond: middle(({ many }) => (many.requests * 1000) / many.ms),
    p99: middle(({ many }) => many.p99),
    cpu: middle(({ cpu }) => cpu),
    alone: middle(({ one }) => one.p50),
    errors: samples.reduce((sum, { many, one }) => sum + many.errors + one.errors, 0),
  }
}

async function measureMemory(place: Place): Promise<WebhookReport['memory']> {
  await using fresh = await start('webhook', place)
  const idle = await fresh.memory()
  let loaded = idle
  const note = async () => {
    loaded = Math.max(loaded, await fresh.memory())
  }
  const watch = setInterval(() => {
    void note()
  }, 50)
  await load({ url: fresh.url, body: body('20 KB', 'annotated'), connections: 200, seconds: 4 }, place)
  clearInterval(watch)
  return { idle, loaded }
}
