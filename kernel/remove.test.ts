import { describe, expect, test } from 'vitest'
import { applyNew } from './apply.ts'
import { FakeKernel } from './fake.ts'
import type { EndPlan, LinkPlan, NetnsName } from './link-plan.ts'
import type { LinkChange } from './port.ts'
import { remove } from './remove.ts'

const signal = new AbortController().signal

function planOf(client: NetnsName, endpoint: NetnsName): LinkPlan {
  const rest = { addresses: [], routes: [], neighbours: [], policies: [] }
  const end = (netns: NetnsName, name: string, role: string): EndPlan => ({
    ...rest,
    netns,
    name,
    alias: `nsm:c1:${role}`,
  })
  return { id: 'c1', kind: 'veth', ends: [end(client, 'nsm0', 'src'), end(endpoint, 'nse7', 'dst')] }
}

function change(kernel: FakeKernel, netns: NetnsName, { from, to }: { from: string; to: LinkChange }): void {
  using namespace = kernel.open(netns)
  namespace.link.set(namespace.link.get(from)?.index ?? 0, to)
}

function namesIn(kernel: FakeKernel, netns: NetnsName): readonly string[] {
  using namespace = kernel.open(netns)
  return namespace.link
    .list()
    .filter(({ kind }) => kind === 'veth')
    .map(({ name }) => name)
}

describe('remove()', () => {
  test.each([
    ['the names that the interfaces have', ['nsm0', 'nse7']],
    ['no names', [undefined, undefined]],
    ['names that nobody has', ['gone0', 'gone1']],
    ['the name of one end', [undefined, 'nse7']],
  ])('removes the pair, given %s', async (_, [source, destination]) => {
    using kernel = new FakeKernel()
    const [client, endpoint] = [kernel.addNetns(), kernel.addNetns()]
    await applyNew(kernel, planOf(client, endpoint), signal)
    await remove(kernel, 'c1', [
      { ...client, ...(source === undefined ? {} : { interfaceHint: source }) },
      { ...endpoint, ...(destination === undefined ? {} : { interfaceHint: destination }) },
    ])
    expect([namesIn(kernel, client), namesIn(kernel, endpoint)]).toEqual([[], []])
  })

  test('leaves an interface alone that has the name but another tag, and finds its own by the tag', async () => {
    using kernel = new FakeKernel()
    const [client, endpoint] = [kernel.addNetns(), kernel.addNetns()]
    await applyNew(kernel, planOf(client, endpoint), signal)
    change(kernel, client, { from: 'nsm0', to: { name: 'renamed' } })
    using namespace = kernel.open(client)
    using peer = kernel.open(endpoint)
    namespace.link.createVeth({ name: 'nsm0' }, { name: 'foreign', namespace: peer })
    await remove(kernel, 'c1', [
      { ...client, interfaceHint: 'nsm0' },
      { ...endpoint, interfaceHint: 'nse7' },
    ])
    expect([namesIn(kernel, client), namesIn(kernel, endpoint)]).toEqual([['nsm0'], ['foreign']])
  })
})
