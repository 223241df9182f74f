import { describe, expect, it } from 'vitest'
import { newAllocator } from '#sdk/ipam/allocator.ts'
import type { PairForm } from '#sdk/ipam/pair.ts'
import { ipContextOf } from './endpoint-step.ts'
import { newCall, requestOf, run } from './fixture.ts'
import { ipam } from './ipam.ts'

function pool(cidr: string, pair: PairForm = 'p30') {
  return newAllocator({ cidrs: [cidr], pair })
}

describe('ipam', () => {
  it('ipam() gives a pair from each pool, and a refresh gets the same', async () => {
    const [step, call] = [ipam([pool('10.60.1.0/24'), pool('fd00::/64')]), newCall()]
    const connection = await run(step, requestOf(), call)
    expect(ipContextOf(connection)).toMatchObject({
      srcIpAddrs: ['10.60.1.1/30', 'fd00::1/126'],
      dstIpAddrs: ['10.60.1.2/30', 'fd00::2/126'],
      srcRoutes: [],
      dstRoutes: [],
    })
    expect(await run(step, { ...requestOf(), connection }, call)).toEqual(connection)
    expect(await run(step, requestOf(), call)).toEqual(connection)
  })

  it('ipam() gives back what a closed connection had', async () => {
    const [step, first] = [ipam([pool('10.60.1.0/30')]), newCall()]
    await run(step, requestOf({ id: 'c1' }), first)
    await expect(run(step, requestOf({ id: 'c2' }))).rejects.toMatchObject({ code: 'POOL_EXHAUSTED' })
    await first.scope[Symbol.asyncDispose]()
    expect(ipContextOf(await run(step, requestOf({ id: 'c2' }))).srcIpAddrs).toEqual(['10.60.1.1/30'])
  })

  it.each([
    {
      story: 'its own again',
      srcIpAddrs: ['10.60.1.9/30'],
      dstIpAddrs: ['10.60.1.10/30'],
      src: '10.60.1.9/30',
    },
    {
      story: 'new ones for those of another pool',
      srcIpAddrs: ['10.9.9.1/30'],
      dstIpAddrs: ['10.9.9.2/30'],
      src: '10.60.1.1/30',
    },
  ])('ipam() gives a connection that it does not know $story', async ({ srcIpAddrs, dstIpAddrs, src }) => {
    const request = requestOf({ context: { ipContext: { srcIpAddrs, dstIpAddrs } } })
    expect(ipContextOf(await run(ipam([pool('10.60.1.0/24')]), request)).srcIpAddrs).toEqual([src])
  })

  it.each([
    { policy: 'strict' as const, src: ['10.60.1.1/30'], dst: ['10.60.1.2/30'] },
    { policy: 'polite' as const, src: ['10.60.1.1/30', '10.9.9.1/30'], dst: ['10.60.1.2/30', '10.9.9.2/30'] },
  ])(
    'ipam() of the $policy policy gives $src to a client that has an address',
    async ({ policy, src, dst }) => {
      const had = { srcIpAddrs: ['10.9.9.1/30', '10.60.1.13/30'], dstIpAddrs: ['10.9.9.2/30'] }
      const [step, call] = [ipam([pool('10.60.1.0/24')], { policy }), newCall()]
      const connection = await run(step, requestOf({ context: { ipContext: had } }), call)
      expect(ipContextOf(connection)).toMatchObject({ srcIpAddrs: src, dstIpAddrs: dst })
      expect(await run(step, { ...requestOf(), connection }, call)).toEqual(connection)
    },
  )

  it('ipam() keeps out of excluded prefixes', async () => {
    const request = requestOf({ context: { ipContext: { excludedPrefixes: ['10.60.1.0/29'] } } })
    expect(ipContextOf(await run(ipam([pool('10.60.1.0/24')]), request)).srcIpAddrs).toEqual(['10.60.1.9/30'])
  })

  it('ipam() keeps out of what is occupied by others, each connection having others', async () => {
    const step = ipam([pool('10.60.1.0/24')], { occupied: ({ id }) => (id === 'c1' ? [] : ['10.60.1.2/32']) })
    expect(ipContextOf(await run(step, requestOf({ id: 'c2' }))).srcIpAddrs).toEqual(['10.60.1.5/30'])
    expect(ipContextOf(await run(step, requestOf({ id: 'c1' }))).srcIpAddrs).toEqual(['10.60.1.1/30'])
  })

  it('ipam() adds a route to the other side on both sides when addresses are single, once', async () => {
    const [step, call] = [ipam([pool('10.60.1.0/24', 'p32')]), newCall()]
    const connection = await run(step, requestOf(), call)
    expect(ipContextOf(connection)).toMatchObject({
      srcIpAddrs: ['10.60.1.1/32'],
      dstIpAddrs: ['10.60.1.0/32'],
      srcRoutes: [{ prefix: '10.60.1.0/32' }],
      dstRoutes: [{ prefix: '10.60.1.1/32' }],
    })
    expect(await run(step, { ...requestOf(), connection }, call)).toEqual(connection)
  })

  it('ipam() takes away the routes to single addresses that it replaces, and no others', async () => {
    const had = {
      srcIpAddrs: ['10.9.9.1/32'],
      dstIpAddrs: ['10.9.9.0/32'],
      srcRoutes: [{ prefix: '10.9.9.0/32' }, { prefix: '10.8.0.0/16' }],
      dstRoutes: [{ prefix: '10.9.9.1/32' }],
    }
    const connection = await run(
      ipam([pool('10.60.1.0/24', 'p32')]),
      requestOf({ context: { ipContext: had } }),
    )
    expect(ipContextOf(connection)).toMatchObject({
      srcRoutes: [{ prefix: '10.8.0.0/16' }, { prefix: '10.60.1.0/32' }],
      dstRoutes: [{ prefix: '10.60.1.1/32' }],
    })
  })

  it('ipam() gives the prefixes that are wished for beside the pair', async () => {
    const extraPrefixRequest = [{ addrFamily: {}, prefixLen: 28, requiredNumber: 1, requestedNumber: 2 }]
    const request = requestOf({ context: { ipContext: { extraPrefixRequest } } })
    const { extraPrefixes } = ipContextOf(await run(ipam([pool('10.60.1.0/24')]), request))
    expect(extraPrefixes).toHaveLength(2)
  })
})
