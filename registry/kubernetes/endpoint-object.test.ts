import { create } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isObject } from '#kube/shape.ts'
import { endpointRecord } from '#registry/registry.contract.ts'
import { NetworkServiceEndpointSchema } from '#sdk/wire/gen/registry/registry_pb.ts'
import { endpointObject, endpointOf } from './endpoint-object.ts'
import { isSameObject } from './same.ts'

describe('endpointOf()', () => {
  it('reads what endpointObject() wrote', () => {
    const texts = fc.dictionary(fc.string(), fc.string(), { maxKeys: 4 })
    const services = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), texts, { minKeys: 1, maxKeys: 3 })
    const time = fc.record({
      seconds: fc.bigInt(-62_135_596_800n, 253_402_300_799n),
      nanos: fc.integer({ min: 0, max: 999_999_999 }),
    })
    fc.assert(
      fc.property(services, fc.option(time, { nil: undefined }), (labels, registered) => {
        const base = endpointRecord('web-1', 'web')
        const endpoint = create(NetworkServiceEndpointSchema, {
          name: 'web-1',
          networkServiceNames: Object.keys(labels),
          networkServiceLabels: Object.fromEntries(
            Object.entries(labels).map(([service, own]) => [service, { labels: own }]),
          ),
          ...(registered === undefined ? {} : { initialRegistrationTime: registered }),
        })
        const record = { ...base, endpoint }
        const object: unknown = JSON.parse(JSON.stringify(endpointObject(record, 'IP')))
        expect(isObject(object) && isSameObject(endpointOf(object).record, record)).toBe(true)
      }),
    )
  })

  it.each([
    [
      'of NSM v0, whose labels are those of the object',
      {
        metadata: {
          name: 'p2ppdp2d',
          namespace: 'default',
          labels: { device: 'device-2', networkservicename: 'p2p' },
        },
        spec: { networkservicename: 'p2p', nsmname: 'node-1', payload: 'IP' },
      },
      { names: ['p2p'], labels: { device: 'device-2', networkservicename: 'p2p' }, node: 'node-1', url: '' },
    ],
    [
      'of NSM v1',
      {
        metadata: { name: 'nse', namespace: 'default' },
        spec: {
          network_service_names: ['icmp'],
          network_service_labels: { icmp: { labels: { app: 'nse' } } },
          url: 'tcp://10.0.0.1:5001',
          initial_registration_time: { seconds: 1_690_000_000, nanos: 0 },
        },
      },
      { names: ['icmp'], labels: { app: 'nse' }, node: '', url: 'tcp://10.0.0.1:5001' },
    ],
    [
      'with a time that is none',
      {
        metadata: { name: 'x', namespace: 'default' },
        spec: { networkservicename: 'web', initial_registration_time: { seconds: 1e15, nanos: -1 } },
      },
      { names: ['web'], labels: {}, node: '', url: '' },
    ],
    [
      'with nothing in it',
      { metadata: { name: 'x', namespace: 'default' } },
      { names: [''], labels: {}, node: '', url: '' },
    ],
  ])('reads an object %s', (_story, object, expected) => {
    const { record } = endpointOf(object)
    const { networkServiceNames: names, networkServiceLabels, url } = record.endpoint
    expect({ names, labels: networkServiceLabels[names[0] ?? '']?.labels, node: record.node, url }).toEqual(
      expected,
    )
  })
})
