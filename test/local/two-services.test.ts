import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectionsOf, host, meshNamed } from './nsm.ts'

const mesh = meshNamed('t-two')

async function addresses() {
  const rows = await connectionsOf(mesh)
  const of = (service: string) =>
    rows.find(row => row.connection.networkService === service)?.connection.context.ipContext
  return { red: of('red'), blue: of('blue') }
}

describe('two-services', () => {
  beforeAll(async () => {
    await mesh.ok('up', '-f', 'manifests/examples/two-services')
  })
  afterAll(async () => {
    await mesh.ok('down')
  })

  it('one pod has two interfaces, and each service answers on its own', async () => {
    const links = await mesh.ok('exec', 'client', '--', 'ip', '-o', 'link')
    expect(links).toContain('red0@')
    expect(links).toContain('blue0@')
    const { red, blue } = await addresses()
    const get = (address: string | undefined, device: string) =>
      mesh.ok(
        'exec',
        'client',
        '--',
        'curl',
        '--silent',
        '--max-time',
        '2',
        '--interface',
        device,
        `http://${host(address)}:8080`,
      )
    expect(await get(red?.dstIpAddrs[0], 'red0')).toBe('red\n')
    expect(await get(blue?.dstIpAddrs[0], 'blue0')).toBe('blue\n')
  })

  it.each([
    { from: 'red', to: 'blue' },
    { from: 'blue', to: 'red' },
  ] as const)('$from does not reach $to', async ({ from, to }) => {
    const found = await addresses()
    for (const address of [found[to]?.dstIpAddrs[0], found[to]?.srcIpAddrs[0]]) {
      expect((await mesh.run('exec', from, '--', 'ping', '-c', '1', '-W', '1', host(address))).code).not.toBe(
        0,
      )
    }
  })
})
