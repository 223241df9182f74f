import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryRegistry } from '#registry/memory.ts'
import { type Log, silent } from '#sdk/log.ts'
import { dial } from '#sdk/rpc/dial.ts'
import { type Credentials, secureClient } from '#sdk/rpc/tls.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { type TestIssuers, testAuthority, testCredentials, testIssuers } from '#test/issuer.ts'
import { Enrolment } from './enrolment.ts'
import { fakeEndpoint } from './fake-endpoint.ts'
import { fakeForwarder } from './fake-forwarder.ts'
import { eventually, requestFor, type TestNode, testNode } from './fixture.ts'

let cleanup: AsyncDisposableStack
let issuers: TestIssuers
const said: string[] = []
beforeEach(async () => {
  cleanup = new AsyncDisposableStack()
  issuers = cleanup.use(await testIssuers())
  said.length = 0
})
afterEach(() => cleanup.disposeAsync())

/** Collects why connections are refused. */
const log: Log = {
  ...silent,
  warn: fields => void ('err' in Object(fields) && said.push(String(Object(fields).err))),
}

async function nodeOf(name: string, registry = memoryRegistry()): Promise<TestNode> {
  const issuer = await issuers.serve(name)
  const enrolment = cleanup.use(new Enrolment({ issuer: issuer.address, node: name, log: silent }))
  await enrolment.ready(5000)
  return cleanup.use(
    await testNode({
      registry,
      node: name,
      listen: 'tcp://127.0.0.1:0',
      security: () => enrolment.current(),
      log,
    }),
  )
}

/** Two nodes with forwarders and an endpoint on the second. */
async function pair() {
  const registry = memoryRegistry()
  const [here, there] = [await nodeOf('here', registry), await nodeOf('there', registry)]
  for (const node of [here, there]) cleanup.use(await fakeForwarder(node.baseDir))
  cleanup.use(await fakeEndpoint(there, await there.pod('gateway'), { service: 'vpn' }))
  return { here, there }
}

/** What a program with these credentials is told when it asks a node for a connection in the name of another. */
async function ask(node: TestNode, credentials: Credentials, { as = 'here', expects = 'there' } = {}) {
  const address: Address = `tcp://${node.url.slice('tcp://'.length)}`
  await using channel = dial(address, { connect: secureClient(() => credentials, expects) })
  return await channel.client(NetworkService).request({
    connection: {
      id: 'x',
      networkService: 'vpn',
      networkServiceEndpointName: 'nobody',
      path: { index: 1, pathSegments: [{ name: 'client' }, { name: as, id: 'x' }] },
    },
    mechanismPreferences: [{ cls: 'REMOTE', type: 'VXLAN' }],
  })
}

describe('managers with certificates', () => {
  it('connect a client of one to an endpoint of the other, and close it on both', async () => {
    const { here, there } = await pair()
    const client = await here.pod('client')
    const answer = await client.service.request(requestFor('vpn'))
    expect(await there.connections()).toHaveLength(1)
    await client.service.close(answer)
    expect(await there.connections()).toEqual([])
  })

  it('go on while their certificates are renewed, and take the newest for the next connection', async () => {
    const registry = memoryRegistry()
    const newest = new Map<string, Credentials>()
    const renew = async (): Promise<void> => {
      for (const node of ['here', 'there'])
        newest.set(node, await testCredentials(issuers.authorities.signing, { node }))
    }
    await renew()
    const start = async (node: string): Promise<TestNode> => {
      const security = (): Credentials => newest.get(node) ?? { certificate: '', key: '', authorities: '' }
      const made = await testNode({ registry, node, listen: 'tcp://127.0.0.1:0', security, log })
      return cleanup.use(made)
    }
    const [here, there] = [await start('here'), await start('there')]
    for (const node of [here, there]) cleanup.use(await fakeForwarder(node.baseDir))
    cleanup.use(await fakeEndpoint(there, await there.pod('gateway'), { service: 'vpn' }))
    const client = await here.pod('client')
    for (let turn = 0; turn < 5; turn += 1) {
      await client.service.close(await client.service.request(requestFor('vpn')))
      await renew()
    }
    // Who believes only the next authority from now on is reached by whoever has a certificate of it.
    issuers.authorities = { signing: await testAuthority('next') }
    await renew()
    await there.restart()
    cleanup.use(await fakeForwarder(there.baseDir, { name: 'again' }))
    await eventually('a connection through the manager that was restarted', () =>
      client.service.request(requestFor('vpn')).catch(() => undefined),
    )
    expect(said).toEqual([])
  })

  it('are known by the certificate, not by what they say', async () => {
    const { there } = await pair()
    const credentials = testCredentials(issuers.authorities.signing, { node: 'mallory' })
    await expect(ask(there, await credentials)).rejects.toMatchObject({
      code: 'DENIED',
      message: expect.stringMatching(/manager of node "here" asks, and the certificate is of node mallory/),
    })
  })
})

describe('a manager refuses', () => {
  it.each([
    {
      what: 'a certificate of an authority that it does not know',
      credentials: async () => testCredentials(await testAuthority('stranger'), { node: 'here' }),
      words: /signed by an authority that is not believed here/,
    },
    {
      what: 'a certificate that has expired',
      credentials: async () =>
        testCredentials(issuers.authorities.signing, { node: 'here', now: Date.now() - 3 * 86_400_000 }),
      words: /its certificate has expired; it has to be renewed/,
    },
    {
      what: 'a certificate that names no node',
      credentials: async () => testCredentials(issuers.authorities.signing, { uri: 'spiffe://other/here' }),
      words: /its certificate names no node/,
    },
    {
      what: 'a caller without a certificate',
      credentials: async () => ({ certificate: '', key: '' }),
      words: /it shows no certificate/,
    },
  ])('$what', async ({ credentials, words }) => {
    const { there } = await pair()
    const trusting = { ...(await credentials()), authorities: issuers.authorities.signing.certificate }
    await expect(ask(there, trusting)).rejects.toMatchObject({ code: 'MANAGER_UNAVAILABLE' })
    await eventually('a sentence in the log', () => (said.some(text => words.test(text)) ? true : undefined))
  })

  it('the certificate of the former authority when nobody believes that any more', async () => {
    const former = issuers.authorities.signing
    const next = await testAuthority('next')
    issuers.authorities = { signing: next, trusted: [former.certificate, next.certificate] }
    const registry = memoryRegistry()
    const during = await nodeOf('there', registry)
    const old = { ...(await testCredentials(former, { node: 'here' })), authorities: next.certificate }
    await expect(ask(during, old)).rejects.toMatchObject({ code: 'NO_ENDPOINT' })
    issuers.authorities = { signing: next }
    const after = await nodeOf('after', registry)
    await expect(ask(after, old, { expects: 'after' })).rejects.toMatchObject({ code: 'MANAGER_UNAVAILABLE' })
    await eventually('a sentence in the log', () =>
      said.some(text => text.includes('authority that is not believed here')) ? true : undefined,
    )
  })
})

describe('a manager that asks refuses', () => {
  it.each([
    {
      what: 'one that has the certificate of another node',
      ask: { expects: 'elsewhere' },
      words: /the certificate of node elsewhere is refused: it is for spiffe:\/\/nsm\/node\/there/,
    },
  ])('$what', async ({ ask: options, words }) => {
    const { there } = await pair()
    const credentials = await testCredentials(issuers.authorities.signing, { node: 'here' })
    await expect(ask(there, credentials, options)).rejects.toMatchObject({
      code: 'MANAGER_UNAVAILABLE',
      message: expect.stringMatching(words),
    })
  })

  it('one whose authority it does not know', async () => {
    const { there } = await pair()
    const stranger = await testCredentials(await testAuthority('stranger'), { node: 'here' })
    await expect(ask(there, stranger)).rejects.toMatchObject({
      message: expect.stringMatching(
        /node there is refused: its certificate was signed by an authority that is not/,
      ),
    })
  })

  it('all while it has no certificate, and says so', async () => {
    const { there } = await pair()
    const none = new Enrolment({ issuer: 'unix:///tmp/nsm-no-issuer.sock', node: 'here', log: silent })
    cleanup.use(none)
    const address: Address = `tcp://${there.url.slice('tcp://'.length)}`
    await using channel = dial(address, { connect: secureClient(() => none.current(), 'there') })
    await expect(channel.client(NetworkService).request({})).rejects.toMatchObject({
      code: 'MANAGER_UNAVAILABLE',
      message: expect.stringMatching(/the manager of node here has no certificate yet/),
    })
  })
})
