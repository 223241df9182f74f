import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '#webhook/golden.contract.ts'

/** Each so many-th request has a connection of its own, so that it meets whatever certificate is served now. */
const fresh = 20

/** More than these are never under way at once: a machine that is too slow for the rate is asked as often as it can answer. */
const atOnce = 64

const question = JSON.stringify({
  kind: 'AdmissionReview',
  ...ask({
    kind: 'Pod',
    metadata: { namespace: 'default', annotations: { 'networkservicemesh.io': 'kernel://a' } },
    spec: { containers: [{ name: 'app' }] },
  }),
})

/** Whom to ask, and how often. */
export interface LoadOptions {
  readonly urls: readonly string[]
  /** Whom a new connection trusts, PEM, now. */
  readonly bundle: () => Promise<string> | string
  /** Requests a second that are aimed at. */
  readonly rate: number
}

/** Clients at work. */
export interface RunningLoad {
  stop(): Promise<LoadResult>
}

/** What came of them. */
export interface LoadResult {
  readonly answers: number
  readonly failures: readonly string[]
  readonly handshakes: number
  readonly perSecond: number
  /** Milliseconds that 99 of 100 answers took at most. */
  readonly p99: number
}

/** One line about it. */
export function describeLoad({ answers, perSecond, handshakes, p99, failures }: LoadResult): string {
  const some = [...new Set(failures)].slice(0, 3).join('; ')
  return `${answers} answers, ${perSecond}/s, ${handshakes} handshakes, p99 ${p99} ms, ${failures.length} failures ${some}`.trimEnd()
}

/** Asks the servers in turn at a steady rate; whom it trusts it asks before each new connection, as an API server watches. */
export function startLoad({ urls, bundle, rate }: LoadOptions): RunningLoad {
  const agents = new Map<string, Agent>()
  const failures: string[] = []
  const times: number[] = []
  let handshakes = 0
  let ca = ''
  const one = async (turn: number) => {
    const url = urls[turn % urls.length] ?? ''
    const isFresh = turn % fresh < urls.length
    const agent = isFresh ? false : (agents.get(url) ?? new Agent({ keepAlive: true, maxSockets: 8 }))
    if (agent !== false) agents.set(url, agent)
    else handshakes += 1
    const started = performance.now()
    try {
      await post(new URL('/mutate', url), { agent, ca })
      times.push(performance.now() - started)
    } catch (error) {
      failures.push(String(error))
    }
  }
  const end = new AbortController()
  const started = performance.now()
  const run = async () => {
    const pending = new Set<Promise<void>>()
    for (let turn = 0; !end.signal.aborted; turn++) {
      ca = await bundle()
      const asked = one(turn).finally(() => pending.delete(asked))
      pending.add(asked)
      if (pending.size >= atOnce) await Promise.race(pending)
      const due = started + ((turn + 1) * 1000) / rate - performance.now()
      if (due > 1) await sleep(due)
    }
    await Promise.all(pending)
  }
  const done = run()
  return {
    async stop() {
      end.abort()
      await done
      for (const agent of agents.values()) agent.destroy()
      const seconds = (performance.now() - started) / 1000
      const sorted = times.toSorted((a, b) => a - b)
      return {
        answers: times.length,
        failures,
        handshakes,
        perSecond: Math.round(times.length / seconds),
        p99: Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0),
      }
    },
  }
}

function post(url: URL, options: { readonly agent: Agent | false; readonly ca: string }): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(question) }
  request(url, { method: 'POST', headers, ...options }, answer => {
    answer.resume()
    answer.on('end', () =>
      answer.statusCode === 200 ? resolve() : reject(new Error(`status ${answer.statusCode}`)),
    )
  })
    .on('error', reject)
    .end(question)
  return promise
}
