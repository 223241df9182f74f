import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { phaseOf } from '#certs/held.ts'
import { order } from '#certs/order.ts'
import { fakeApi } from '#kube/fake-api.ts'
import { type TestServer, testServer } from '#webhook/http/server.contract.ts'
import { announce, applyManifests, bundlesIn, heldBy, openSelf, quickLimits } from './fixture.ts'
import { describeLoad, startLoad } from './load.contract.ts'
import type { Certificate } from './options.ts'

/** Requests a second that are aimed at, with clients, servers and API in one event loop; what is reached is printed. */
const rate = 400

it('no request fails in three rotations, for a client that trusts what the configuration says then', {
  timeout: 120_000,
}, async () => {
  const api = fakeApi()
  await applyManifests(api)
  await using held = new AsyncDisposableStack()
  const servers: TestServer[] = []
  const replicas: Certificate[] = []
  for (const name of ['a', 'b']) {
    let server: TestServer | undefined
    const replica = held.use(
      await openSelf(api, name, {
        names: ['127.0.0.1'],
        make: order,
        everyMs: 60_000,
        // A client of a busy machine may take a while between asking whom to trust and its handshake.
        limits: { ...quickLimits, propagationMs: 2000 },
        use: keyPair => server?.server.useKeyPair(keyPair),
      }),
    )
    server = held.use(
      await testServer({ keyPair: replica.current(), readyReason: () => replica.readyReason() }),
    )
    servers.push(server)
    replicas.push(replica)
  }
  await vi.waitFor(() => expect(replicas.map(one => one.readyReason())).toEqual([undefined, undefined]), {
    timeout: 20_000,
  })
  const load = startLoad({
    urls: servers.map(({ url }) => url),
    bundle: async () => (await bundlesIn(api))[0] ?? '',
    rate,
  })
  for (let rotation = 0; rotation < 3; rotation++) {
    const before = (await heldBy(api)).authorities[0]?.fingerprint
    await announce(api, what => order(what, AbortSignal.timeout(60_000)))
    for (;;) {
      const now = await heldBy(api)
      if (phaseOf(now) === 'stable' && now.authorities[0]?.fingerprint !== before) break
      await sleep(20)
    }
  }
  const result = await load.stop()
  process.stdout.write(`three rotations: ${describeLoad(result)}\n`)
  expect(result.failures).toEqual([])
  expect(result.answers).toBeGreaterThan(100)
})
