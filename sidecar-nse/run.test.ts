import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from '@bufbuild/protobuf'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readConfig } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import { silent } from '#sdk/log.ts'
import { dial } from '#sdk/rpc/dial.ts'
import { ConnectionSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { config } from './config.ts'
import { registryIn } from './fixture.ts'
import { run } from './run.ts'

const requestFor = (id: string, labels: Record<string, string> = {}) => ({
  connection: { id, networkService: 'p2p', labels },
})

describe('run', () => {
  let folder = ''
  let stop = new AbortController()
  let done = Promise.resolve()
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsm-nse-'))
    stop = new AbortController()
  })
  afterEach(async () => {
    stop.abort(new NsmError('CANCELLED', 'stopped by SIGTERM'))
    await done
    rmSync(folder, { recursive: true })
  })

  /** Starts the side-car of device-2 in the p2p-link example. */
  function start(env: Readonly<Record<string, string>> = {}): void {
    const example = {
      ENDPOINT_NETWORK_SERVICE: 'p2p',
      ENDPOINT_LABELS: 'device=device-2',
      IP_ADDRESS: '10.60.1.0/24',
      POD_NAME: 'device-2',
      WORKSPACE: folder,
    }
    done = run(readConfig(config, { ...example, ...env }), stop.signal, silent)
  }

  /** A client of the endpoint, as the manager is one. */
  function caller() {
    const channel = dial(`unix://${join(folder, 'nsm.client.io.sock')}`)
    return { ...channel.client(NetworkService), [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose]() }
  }

  it('run() registers what the environment says, and takes it back when it is stopped', async () => {
    await using registry = await registryIn(folder)
    start()
    await vi.waitFor(() => expect(registry.endpoints).toHaveLength(1))
    expect(registry.endpoints[0]).toMatchObject({
      name: 'p2p-device-2',
      networkServiceNames: ['p2p'],
      networkServiceLabels: { p2p: { labels: { device: 'device-2' } } },
      url: `unix://${join(folder, 'nsm.client.io.sock')}`,
    })
    expect(registry.services).toEqual([])
    stop.abort()
    await done
    expect(registry.unregistered).toEqual(['p2p-device-2'])
  })

  it('run() registers the services too when told so', async () => {
    await using registry = await registryIn(folder)
    start({ NSM_REGISTER_SERVICE: 'true' })
    await vi.waitFor(() => expect(registry.endpoints).toHaveLength(1))
    expect(registry.services).toMatchObject([{ name: 'p2p', payload: 'IP' }])
  })

  it('run() answers with addresses, routes and the name that the client gave the interface', async () => {
    await using registry = await registryIn(folder)
    start({ ROUTES: '10.100.0.0/24' })
    await vi.waitFor(() => expect(registry.endpoints).toHaveLength(1))
    expect(statSync(join(folder, 'nsm.client.io.sock')).mode & 0o777).toBe(0o666)
    await using endpoint = caller()
    const answer = await endpoint.request(requestFor('c1', { link: 'net-0', peerif: 'eth21' }))
    expect(answer).toMatchObject({
      id: 'c1',
      mechanism: { cls: 'LOCAL', type: 'KERNEL', parameters: { name: 'eth21' } },
      context: {
        ipContext: {
          srcIpAddrs: ['10.60.1.1/30'],
          dstIpAddrs: ['10.60.1.2/30'],
          srcRoutes: [{ prefix: '10.100.0.0/24' }],
        },
      },
    })
    expect(await endpoint.request({ connection: answer })).toEqual(answer)
    await endpoint.close(answer)
    const next = await endpoint.request(requestFor('c2'))
    expect(next.context?.ipContext?.srcIpAddrs).toEqual(['10.60.1.1/30'])
  })

  it('run() hands out what the settings say, and policies as they are at a refresh', async () => {
    await using registry = await registryIn(folder)
    const file = join(folder, 'pbr.yaml')
    writeFileSync(file, '- { from: 172.16.2.201/24, proto: 6, dstport: 6666 }')
    start({
      IP_ADDRESS: '172.16.1.100/31,2001:db8::/116',
      NSM_ADDRESS_PAIR: '32',
      ROUTES: '10.100.0.0/24 via 172.16.1.5',
      NSM_PBR_CONFIG_PATH: file,
      NSM_DNS_CONFIGS: '[{"dns_server_ips":["172.16.1.100"],"search_domains":["my.service"]}]',
      NSM_MTU: '1400',
      NSM_CLIENT_MAC: '02:00:00:00:00:01',
      NSM_ENDPOINT_MAC: '02:00:00:00:00:02',
    })
    await vi.waitFor(() => expect(registry.endpoints).toHaveLength(1))
    await using endpoint = caller()
    const answer = await endpoint.request(requestFor('c1'))
    expect(answer.context).toMatchObject({
      ipContext: {
        srcIpAddrs: ['172.16.1.101/32', '2001:db8::1/128', '172.16.2.201/24'],
        dstIpAddrs: ['172.16.1.100/32', '2001:db8::/128'],
        srcRoutes: [
          { prefix: '172.16.1.100/32' },
          { prefix: '2001:db8::/128' },
          { prefix: '10.100.0.0/24', nextHop: '172.16.1.5' },
        ],
        policies: [{ from: '172.16.2.201/24', proto: '6', dstPort: '6666' }],
      },
      dnsContext: { configs: [{ dnsServerIps: ['172.16.1.100'], searchDomains: ['my.service'] }] },
      ethernetContext: { srcMac: '02:00:00:00:00:01', dstMac: '02:00:00:00:00:02' },
      MTU: 1400,
    })
    expect(await endpoint.request({ connection: answer })).toEqual(answer)
    writeFileSync(file, '- { proto: 17, srcport: 1-9 }')
    const { context } = await endpoint.request(requestFor('c1'))
    expect(context?.ipContext?.policies).toMatchObject([{ from: '', proto: '17', srcPort: '1-9' }])
  })

  it('run() ends with BAD_CONFIG when the file of policies is wrong', async () => {
    const file = join(folder, 'pbr.yaml')
    writeFileSync(file, '- { tos: 4 }')
    start({ NSM_PBR_CONFIG_PATH: file })
    const failed = done
    done = Promise.resolve()
    await expect(failed).rejects.toMatchObject({ code: 'BAD_CONFIG' })
  })

  it('run() gives a connection its addresses back after a restart, when a refresh names them', async () => {
    await using registry = await registryIn(folder)
    start()
    await vi.waitFor(() => expect(registry.endpoints).toHaveLength(1))
    const before = create(ConnectionSchema, {
      ...requestFor('c7').connection,
      context: { ipContext: { srcIpAddrs: ['10.60.1.9/30'], dstIpAddrs: ['10.60.1.10/30'] } },
    })
    await using endpoint = caller()
    const after = await endpoint.request({ connection: before })
    expect(after.context?.ipContext).toMatchObject({
      srcIpAddrs: ['10.60.1.9/30'],
      dstIpAddrs: ['10.60.1.10/30'],
    })
  })

  it('run() refuses with a reason when it has no addresses left', async () => {
    await using registry = await registryIn(folder)
    start({ IP_ADDRESS: '10.60.1.0/30' })
    await vi.waitFor(() => expect(registry.endpoints).toHaveLength(1))
    await using endpoint = caller()
    await endpoint.request(requestFor('c1'))
    await expect(endpoint.request(requestFor('c2'))).rejects.toMatchObject({ code: 'POOL_EXHAUSTED' })
  })

  it('run() registers again, by the same name, when the manager restarts', async () => {
    const first = await registryIn(folder, { rename: name => `${name}-x1` })
    start()
    await vi.waitFor(() => expect(first.endpoints).toHaveLength(1))
    await first[Symbol.asyncDispose]()
    await using second = await registryIn(folder)
    await vi.waitFor(() => expect(second.endpoints).toMatchObject([{ name: 'p2p-device-2-x1' }]), {
      timeout: 5000,
    })
  })

  it('run() registers again when the record is deleted', async () => {
    await using registry = await registryIn(folder)
    start()
    await vi.waitFor(() => expect(registry.watched).toEqual(['p2p-device-2']))
    registry.lose()
    await vi.waitFor(() => expect(registry.endpoints).toHaveLength(2))
  })

  it('run() lets the registry make a name when another pod has the usual one', async () => {
    const refuse = (name: string) =>
      name === '' ? undefined : new NsmError('ALREADY_EXISTS', `${name} is taken`)
    await using registry = await registryIn(folder, { refuse, rename: () => 'p2p-x7' })
    start()
    await vi.waitFor(() => expect(registry.watched).toEqual(['p2p-x7']))
    expect(registry.endpoints.map(endpoint => endpoint.name)).toEqual(['p2p-device-2', ''])
  })

  it.each([
    { story: 'refuses for good', code: 'DENIED' as const, env: {} },
    {
      story: 'has given the wanted name away',
      code: 'ALREADY_EXISTS' as const,
      env: { NSM_NAME: 'gateway' },
    },
  ])('run() fails when the registry $story', async ({ code, env }) => {
    await using _registry = await registryIn(folder, { refuse: () => new NsmError(code, 'not for you') })
    start(env)
    const failed = done
    done = Promise.resolve()
    await expect(failed).rejects.toMatchObject({ code })
  })
})
