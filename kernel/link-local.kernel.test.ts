import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { apply } from './apply.ts'
import type { VethPlan } from './link-plan.ts'
import { netlinkKernel } from './netlink.ts'
import { createNetns, type Netns } from './netns.ts'
import type { Kernel } from './port.ts'
import { temporaryFolder, writableProc } from './scratch.ts'

const { signal } = new AbortController()

describe('the link-local addresses of a link', () => {
  let owned: DisposableStack
  let kernel: Kernel
  let pods: readonly [Netns, Netns]

  beforeEach(() => {
    owned = new DisposableStack()
    const { path } = owned.use(temporaryFolder())
    kernel = owned.use(netlinkKernel({ proc: writableProc }))
    pods = [owned.use(createNetns(`${path}/client`)), owned.use(createNetns(`${path}/endpoint`))]
  })

  afterEach(() => owned.dispose())

  function plan(...given: readonly (readonly [string, string])[]): VethPlan {
    const none = { routes: [], neighbours: [], policies: [] }
    const [client, endpoint] = pods
    return {
      id: 'c1',
      kind: 'veth',
      ends: [
        { netns: client, name: 'nsm0', alias: 'nsm:c1:src', addresses: given.map(([a]) => a), ...none },
        {
          netns: endpoint,
          name: 'nse0',
          alias: 'nsm:c1:dst',
          addresses: given.map(([, b]) => b),
          ...none,
        },
      ],
    }
  }

  /** Of both ends, with what IPv4 has. */
  function addresses(): readonly (readonly string[])[] {
    return pods.map((pod, at) => {
      using namespace = kernel.open(pod)
      const index = namespace.link.get(at === 0 ? 'nsm0' : 'nse0')?.index ?? 0
      return namespace.addr.list(index).map(({ cidr }) => (cidr.startsWith('fe80:') ? 'fe80' : cidr))
    })
  }

  const v4 = ['10.0.0.1/30', '10.0.0.2/30'] as const
  const v6 = ['2001:db8::1/126', '2001:db8::2/126'] as const

  test('are not there when it has IPv4 alone, and an IPv6 address of others has its place', async () => {
    const { ends } = await apply(kernel, plan(v4), signal)
    await expect.poll(carriers).toEqual(['yes', 'yes'])
    using pod = kernel.open(pods[0])
    pod.addr.add(ends[0].index, '2001:db8:1::1/64')
    expect(addresses()).toEqual([['10.0.0.1/30', '2001:db8:1::1/64'], ['10.0.0.2/30']])
  })

  test('are there when nothing was said about addresses', async () => {
    await apply(kernel, plan(), signal)
    await expect.poll(addresses).toEqual([['fe80'], ['fe80']])
  })

  test('are there when it has IPv6, and when it gets IPv6 later', async () => {
    await apply(kernel, plan(v4), signal)
    await apply(kernel, plan(v4, v6), signal)
    await expect
      .poll(addresses)
      .toEqual([
        ['10.0.0.1/30', '2001:db8::1/126', 'fe80'].toSorted(),
        ['10.0.0.2/30', '2001:db8::2/126', 'fe80'].toSorted(),
      ])
    expect((await apply(kernel, plan(v4, v6), signal)).changes).toEqual([])
  })

  test('are no reason to fail where the MTU is too small for IPv6', async () => {
    const small = plan(v4)
    const [source, destination] = small.ends
    const ends = [
      { ...source, mtu: 1000 },
      { ...destination, mtu: 1000 },
    ] as const
    await apply(kernel, { ...small, ends }, signal)
    expect(addresses()).toEqual([['10.0.0.1/30'], ['10.0.0.2/30']])
  })

  function carriers(): readonly (string | undefined)[] {
    return pods.map((pod, at) => {
      using namespace = kernel.open(pod)
      return namespace.link.get(at === 0 ? 'nsm0' : 'nse0')?.carrier
    })
  }
})
