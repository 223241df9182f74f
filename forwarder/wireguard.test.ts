import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { apply } from '#kernel/apply.ts'
import { addUnderlay } from '#kernel/example-underlay.ts'
import { FakeKernel } from '#kernel/fake.ts'
import type { NetnsName } from '#kernel/link-plan.ts'
import { list } from '#kernel/list.ts'
import { SecretKey } from '#kernel/secret-key.ts'
import { ConnectionSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { exampleCrossConnect } from './example.ts'
import { findKeys } from './keys.ts'
import { planWith } from './plan.ts'
import type { Parameters } from './tunnel.ts'

const key = SecretKey.generate()
const peerKey = SecretKey.generate().publicKey
const keys = { of: (publicKey: string) => (publicKey === key.publicKey ? key : undefined) }
const agreed = {
  src_ip: '192.0.2.1',
  src_port: '51820',
  src_public_key: key.publicKey,
  dst_ip: '192.0.2.2',
  dst_port: '51999',
  dst_public_key: peerKey,
  MTU: '1440',
}

function crossConnect(parameters: Parameters, netns: NetnsName = { cookie: 11n }): CrossConnect {
  const context = {
    ipContext: { srcIpAddrs: ['10.0.0.1/30'], dstIpAddrs: ['10.0.0.2/30'] },
    ethernetContext: { srcMac: '02:00:00:00:00:01' },
  }
  const end = { name: 'nsm0', netns }
  const mechanism = { cls: 'REMOTE', type: 'WIREGUARD', parameters: { ...parameters } }
  const destination = create(ConnectionSchema, { mechanism, context })
  return { ...exampleCrossConnect({ source: end, destination: end, context }), destination }
}

describe('planWith() of a WireGuard tunnel', () => {
  test('takes the key of this node, both ports, and the key of the other; packets have no MAC', () => {
    expect(planWith(keys, crossConnect(agreed))).toEqual({
      id: 'x1',
      kind: 'wireguard',
      ends: [
        {
          netns: { cookie: 11n },
          name: 'nsm0',
          alias: 'nsm:x1:src',
          addresses: ['10.0.0.1/30'],
          routes: [],
          neighbours: [],
          policies: [],
          mtu: 1440,
        },
      ],
      tunnel: { local: '192.0.2.1', port: 51_820, remote: '192.0.2.2', remotePort: 51_999, key, peerKey },
    })
  })

  test.each([
    { what: 'no own port', change: { src_port: '' }, says: /src_port is missing/ },
    { what: 'no port of the other', change: { dst_port: '' }, says: /dst_port is missing/ },
    { what: 'no own key', change: { src_public_key: '' }, says: /src_public_key is ""; expected 32 bytes/ },
    { what: 'a key of 31 bytes', change: { dst_public_key: 'A'.repeat(42) }, says: /dst_public_key/ },
    { what: 'a key with stray bits', change: { dst_public_key: `${'A'.repeat(42)}B=` }, says: /base64/ },
    { what: 'a key that is not ours', change: { src_public_key: peerKey }, says: /does not have; agree/ },
    { what: 'one node', change: { dst_ip: '192.0.2.1' }, says: /a tunnel joins two/ },
  ])('refuses $what', ({ change, says }) => {
    expect(() => planWith(keys, crossConnect({ ...agreed, ...change }))).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringMatching(says) }),
    )
  })

  test('refuses frames', () => {
    const frames = { ...crossConnect(agreed), payload: 'ETHERNET' }
    expect(() => planWith(keys, frames)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
  })
})

test('findKeys() finds the key of a tunnel of an earlier life, and a new one where there is none', async () => {
  const kernel = new FakeKernel()
  addUnderlay(kernel)
  const first = findKeys(kernel)
  expect(findKeys(kernel).own.publicKey).not.toBe(first.own.publicKey)
  const pod = kernel.addNetns()
  const parameters = { ...agreed, src_public_key: first.own.publicKey }
  const plan = planWith(first, crossConnect(parameters, pod))
  await apply(kernel, plan, new AbortController().signal)
  const second = findKeys(kernel)
  expect(second.own.publicKey).toBe(first.own.publicKey)
  const again = planWith(second, crossConnect(parameters, pod))
  expect((await apply(kernel, again, new AbortController().signal)).changes).toEqual([])
  expect(list(kernel, [pod])).toMatchObject([{ link: { kind: 'wireguard' } }])
})
