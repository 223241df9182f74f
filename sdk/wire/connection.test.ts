import { clone, create, equals, fromBinary, isMessage, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import {
  completed,
  contextOf,
  ipContextOf,
  isKernelMechanism,
  isLocalMechanism,
  normalMechanism,
  withIpContext,
  withLabels,
  withParameters,
} from './connection.ts'
import { ConnectionSchema, MechanismSchema } from './gen/connection/connection_pb.ts'

const mechanisms = [
  {
    name: 'a kernel interface of v1',
    cls: 'LOCAL',
    type: 'KERNEL',
    normal: 'LOCAL KERNEL',
    local: true,
    kernel: true,
  },
  {
    name: 'a kernel interface of v0.2',
    cls: 'LOCAL',
    type: 'KERNEL_INTERFACE',
    normal: 'LOCAL KERNEL',
    local: true,
    kernel: true,
  },
  {
    name: 'a kernel interface without a class',
    cls: '',
    type: 'KERNEL_INTERFACE',
    normal: 'LOCAL KERNEL',
    local: true,
    kernel: true,
  },
  { name: 'a tunnel', cls: 'REMOTE', type: 'VXLAN', normal: 'REMOTE VXLAN', local: false, kernel: false },
  {
    name: 'another local one',
    cls: 'LOCAL',
    type: 'MEMIF',
    normal: 'LOCAL MEMIF',
    local: true,
    kernel: false,
  },
  { name: 'an empty one', cls: '', type: '', normal: ' ', local: false, kernel: false },
] as const

describe('mechanisms', () => {
  it.each(mechanisms)('know $name', ({ cls, type, normal, local, kernel }) => {
    const mechanism = create(MechanismSchema, { cls, type, parameters: { netnsInode: '4026532548' } })
    const { cls: itsCls, type: itsType, parameters } = normalMechanism(mechanism)
    expect(`${itsCls} ${itsType}`).toBe(normal)
    expect(parameters).toEqual({ netnsInode: '4026532548' })
    expect(isLocalMechanism(mechanism)).toBe(local)
    expect(isKernelMechanism(mechanism)).toBe(kernel)
  })

  it('that are absent are neither local nor of the kernel', () => {
    expect([isLocalMechanism(undefined), isKernelMechanism(undefined)]).toEqual([false, false])
  })

  it('get parameters that replace those of the same name', () => {
    const mechanism = create(MechanismSchema, { parameters: { name: 'a', vni: '1' } })
    expect(withParameters(mechanism, { name: 'b' }).parameters).toEqual({ name: 'b', vni: '1' })
  })
})

describe('connections', () => {
  it('get labels that replace those of the same name', () => {
    const connection = create(ConnectionSchema, { labels: { app: 'a', tier: '1' } })
    expect(withLabels(connection, { app: 'b' }).labels).toEqual({ app: 'b', tier: '1' })
    expect(connection.labels).toEqual({ app: 'a', tier: '1' })
  })

  it('without a context have an empty one to read', () => {
    const bare = create(ConnectionSchema)
    expect(contextOf(bare).MTU).toBe(0)
    expect(ipContextOf(bare).srcRoutes).toEqual([])
  })

  it('keep the rest of the context when a field of the IP context changes', () => {
    const connection = create(ConnectionSchema, {
      context: { MTU: 1_400, ipContext: { dstIpAddrs: ['10.0.0.2/30'] } },
    })
    const changed = withIpContext(connection, { srcIpAddrs: ['10.0.0.1/30'] })
    expect(changed.context).toMatchObject({
      MTU: 1_400,
      ipContext: { srcIpAddrs: ['10.0.0.1/30'], dstIpAddrs: ['10.0.0.2/30'] },
    })
  })

  it('are completed with a context, an IP context and the mechanism of v1', () => {
    const connection = completed(create(ConnectionSchema, { mechanism: { type: 'KERNEL_INTERFACE' } }))
    expect(connection.context?.ipContext).toBeDefined()
    expect(connection.mechanism).toMatchObject({ cls: 'LOCAL', type: 'KERNEL' })
    expect(completed(create(ConnectionSchema)).mechanism).toBeUndefined()
  })
})

describe('a spread of a message', () => {
  // Field 8 of v0.2 is unused here; field 99 stands for one of a later version.
  const fromLater = fromBinary(ConnectionSchema, Buffer.from('0a0263319a06026869', 'hex'))

  it('is a message of the same type that encodes like a clone', () => {
    const spread = { ...fromLater, payload: 'IP' }
    const cloned = clone(ConnectionSchema, fromLater)
    cloned.payload = 'IP'
    expect(isMessage(spread, ConnectionSchema)).toBe(true)
    expect(equals(ConnectionSchema, spread, cloned)).toBe(true)
    expect(toBinary(ConnectionSchema, spread)).toEqual(toBinary(ConnectionSchema, cloned))
  })

  it('keeps the fields that this version does not know', () => {
    expect(Buffer.from(toBinary(ConnectionSchema, { ...fromLater })).toString('hex')).toBe(
      '0a0263319a06026869',
    )
  })
})
