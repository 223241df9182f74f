import { describe, expect, it } from 'vitest'
import { checkedEndpoint, checkedService } from './check-record.ts'
import { endpointRecord, serviceRecord } from './registry.contract.ts'

describe('checkedService()', () => {
  it('gives a service back that may be kept', () => {
    const record = serviceRecord('default', 'web')
    expect(checkedService(record)).toBe(record)
  })

  it.each([
    { story: 'no name', record: serviceRecord('default', ''), says: /its name is ""/ },
    { story: 'no namespace', record: serviceRecord('', 'web'), says: /its namespace is ""/ },
    { story: 'a name with a slash', record: serviceRecord('default', 'a/b'), says: /"a\/b"/ },
  ])('refuses one with $story', ({ record, says }) => {
    expect(() => checkedService(record)).toThrow(says)
  })
})

describe('checkedEndpoint()', () => {
  const record = endpointRecord('a', 'web')

  it('gives an endpoint back that may be kept', () => {
    expect(checkedEndpoint(record)).toBe(record)
    const network = endpointRecord('lan@kernel-forwarder', 'web', { uid: '' })
    expect(checkedEndpoint(network)).toBe(network)
  })

  it.each([
    { story: 'no name', wrong: endpointRecord('', 'web'), says: /as its name/ },
    { story: 'a service that is none', wrong: endpointRecord('a', 'W EB'), says: /it offers "W EB"/ },
    {
      story: 'no service',
      wrong: { ...record, endpoint: { ...record.endpoint, networkServiceNames: [] } },
      says: /it offers "nothing"/,
    },
    { story: 'no node', wrong: { ...record, node: '' }, says: /a node/ },
    {
      story: 'no namespace',
      wrong: { ...record, pod: { ...record.pod, namespace: '' } },
      says: /a namespace/,
    },
  ])('refuses one with $story', ({ wrong, says }) => {
    expect(() => checkedEndpoint(wrong)).toThrow(says)
  })
})
