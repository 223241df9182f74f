import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { meshNamed } from './nsm.ts'

const mesh = meshNamed('t-p2p')

describe('p2p-link (YAML as published years ago)', () => {
  beforeAll(async () => {
    await mesh.ok('up', '-f', 'manifests/examples/p2p-link')
  })
  afterAll(async () => {
    await mesh.ok('down')
  })

  it.each([
    { device: 'device-1', own: 'eth12', other: 'eth21', peer: '10.60.1.2' },
    { device: 'device-2', own: 'eth21', other: 'eth12', peer: '10.60.1.1' },
  ])('$device has $own, not $other, and pings the other side', async ({ device, own, other, peer }) => {
    const links = await mesh.ok('exec', device, '-c', 'alpine', '--', 'ip', '-o', 'link')
    expect(links).toContain(`${own}@`)
    expect(links).not.toContain(`${other}@`)
    expect((await mesh.run('exec', device, '--', 'ping', '-c', '1', '-W', '2', peer)).code).toBe(0)
  })

  it('the client side-car closes the link on SIGTERM: deleting the pod takes eth21 away', async () => {
    await mesh.ok('delete', 'pod', 'device-1')
    expect(await mesh.ok('exec', 'device-2', '--', 'ip', '-o', 'link')).not.toContain('eth21')
  })
})
