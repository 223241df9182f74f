import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { phaseOf } from '#certs/held.ts'
import { order } from '#certs/order.ts'
import { fakeApi } from '#kube/fake-api.ts'
import { ask } from '#webhook/golden.contract.ts'
import { type TestServer, testServer } from '#webhook/http/server.contract.ts'
import { announce, applyManifests, bundlesIn, heldBy, openSelf } from './fixture.ts'

/** Requests a second that are aimed at; what a busy machine reaches is printed. */
const rate = 400

/** Each so many-th request has a connection of its own, so that it meets whatever certificate is served now. */
const fresh = 8

const question = JSON.stringify({
  kind: 'AdmissionReview',
  ...ask({
    kind: 'Pod',
    metadata: { namespace: 'default', annotations: { 'networkservicemesh.io': 'kernel://a' } },
    spec: { containers: [{ name: 'app' }] },
  }),
})

it('no request fails in three rotations, for a client that trusts what the configuration says then', {
  timeout: 120_000,
}, async () => {
  const api = fakeApi()
  await applyManifests(api)
  await using held = new AsyncDisposableStack()
  const servers: TestServer[] = []
  for (const name of ['a', 'b']) {
    let server: TestServer | undefined
    const replica = held.use(
      await openSelf(api, name, {
        names: ['127.0.0.1'],
        make: order,
        everyMs: 1000,
        use: keyPair => server?.server.useKeyPair(keyPair),
      }),
    )
    server = held.use(
      await testServer({ keyPair: replica.current(), readyReason: () => replica.readyReason() }),
    )
    servers.push(server)
  }
  const load = startLoad(servers, async () => (await bundlesIn(api))[0] ?? '')
  for (let rotation = 0; rotation < 3; rotation++) {
    const before = (await heldBy(api)).authorities[0]?.fingerprint
    await announce(api, what => order(what, AbortSignal.timeout(60_000)))
    for (;;) {
      const now = await heldBy(api)
      if (phaseOf(now) === 'stable' && now.authorities[0]?.fingerprint !== before) break
      await sleep(20)
    }
  }
  const { answers, failures, handshakes, perSecond, slowest } = await load.stop()
  process.stdout.write(
    `three rotations: ${answers} answers, ${perSecond}/s, ${handshakes} handshakes, p99 ${slowest} ms, ${failures.length} failures\n`,
  )
  expect(failures).toEqual([])
  expect(answers).toBeGreaterThan(100)
})

/** Asks the servers in turn at a steady rate; whom it trusts it asks before each new connection, as an API server watches. */
function startLoad(servers: readonly TestServer[], bundle: () => Promise<string>) {
  const agents = new Map<string, Agent>()
  const failures: string[] = []
  const times: number[] = []
  let handshakes = 0
  let ca = ''
  const one = async (turn: number) => {
    const { url = '' } = servers[turn % servers.length] ?? {}
    const isFresh = turn % fresh < servers.length
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
      if (ca !== '') {
        const asked = one(turn).finally(() => pending.delete(asked))
        pending.add(asked)
      }
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
        slowest: Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0),
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
