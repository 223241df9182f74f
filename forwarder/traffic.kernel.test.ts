/** TestForwarderCrossConnect{Basic,Multiple,Update,Reconnect} of NSM v0.2, with real packets. */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { netlinkKernel } from '#kernel/netlink.ts'
import { createNetns, inNetns, type Netns } from '#kernel/netns.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { exampleCrossConnect, ipv4Pair } from './example.ts'
import { type Fixture, newFixture } from './fixture.ts'

/** Answers on any address with the address that it was asked at. */
const responder = `require('node:net').createServer(s => s.end(s.localAddress.replace('::ffff:', ''))).listen(8080, '::', () => console.log('ready'))`
const asker = `require('node:net').connect({ host: process.argv[1], port: 8080 }).setTimeout(2000, function () { this.destroy() }).on('error', () => {}).pipe(process.stdout)`

describe('traffic through a forwarder', () => {
  let at: Fixture
  let client: Netns
  let endpoint: Netns
  let owned: AsyncDisposableStack

  beforeEach(async () => {
    owned = new AsyncDisposableStack()
    const folder = owned.use(temporaryFolder())
    client = owned.use(createNetns(`${folder.path}/client`))
    endpoint = owned.use(createNetns(`${folder.path}/endpoint`))
    const kernel = owned.use(netlinkKernel())
    at = owned.use(
      await newFixture({
        kernel,
        addNetns: () => client,
        removeNetns: netns => void netns,
        [Symbol.asyncDispose]: async () => undefined,
      }),
    )
    const responding = nodeIn(endpoint, responder)
    owned.defer(() => void responding.kill('SIGKILL'))
    await new Promise(resolve => responding.stdout.once('data', resolve))
  })

  afterEach(() => owned.disposeAsync())

  function crossConnect(id: string, net: string, name = 'nsm0'): CrossConnect {
    return exampleCrossConnect({
      id,
      source: { name, netns: client },
      destination: { name: `${name}-nse`, netns: endpoint },
      context: ipv4Pair(net),
    })
  }

  /** The address that answered, or nothing. */
  function ask(address: string): Promise<string> {
    return text(nodeIn(client, asker, address).stdout)
  }

  test('passes from one pod to the other', async () => {
    await at.forwarder.request(crossConnect('x1', '10.30.1'))
    expect(await ask('10.30.1.2')).toBe('10.30.1.2')
  })

  test('passes through each of two cross connects between the same pods', async () => {
    await at.forwarder.request(crossConnect('x1', '10.30.1', 'nsm0'))
    await at.forwarder.request(crossConnect('x2', '10.30.2', 'nsm1'))
    expect(await Promise.all([ask('10.30.1.2'), ask('10.30.2.2')])).toEqual(['10.30.1.2', '10.30.2.2'])
  })

  test('passes by the new addresses only when the same id asks for others', async () => {
    await at.forwarder.request(crossConnect('x1', '10.30.1', 'nsm0'))
    await at.forwarder.request(crossConnect('x1', '10.30.7', 'eth7'))
    expect(await Promise.all([ask('10.30.1.2'), ask('10.30.7.2')])).toEqual(['', '10.30.7.2'])
  })

  test('ends with a Close and comes back with the same Request', async () => {
    await at.forwarder.request(crossConnect('x1', '10.30.1'))
    await at.forwarder.close({ id: 'x1' })
    expect(await ask('10.30.1.2')).toBe('')
    await at.forwarder.request(crossConnect('x1', '10.30.1'))
    expect(await ask('10.30.1.2')).toBe('10.30.1.2')
  })

  test('passes to a prefix behind the endpoint by the routes of the context', async () => {
    const request = exampleCrossConnect({
      source: { name: 'nsm0', netns: client },
      destination: { name: 'nsm0-nse', netns: endpoint },
      context: {
        ipContext: {
          srcIpAddrs: ['10.30.1.1/32', '2001:db8::1/128'],
          dstIpAddrs: ['10.30.1.2/32', '2001:db8::2/128', '172.16.9.9/32'],
          srcRoutes: [{ prefix: '172.16.9.0/24' }],
        },
      },
    })
    await at.forwarder.request(request)
    expect(await Promise.all([ask('172.16.9.9'), ask('2001:db8::2')])).toEqual(['172.16.9.9', '2001:db8::2'])
  })

  test('is not disturbed by a restart of the forwarder', async () => {
    await at.forwarder.request(crossConnect('x1', '10.30.1'))
    await at.restart()
    expect(await ask('10.30.1.2')).toBe('10.30.1.2')
  })
})

function nodeIn(netns: Netns, code: string, ...args: readonly string[]) {
  return inNetns(netns, () =>
    spawn(process.execPath, ['-e', code, ...args], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
}
