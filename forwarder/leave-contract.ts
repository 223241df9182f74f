import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { apply } from '#kernel/apply.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import { silent } from '#sdk/log.ts'
import { exampleCrossConnect, ipv4Pair } from './example.ts'
import type { ForwarderHarness } from './fixture.ts'
import { leave } from './leave.ts'
import { planLinks } from './plan.ts'

/** Tests of the end of a mesh on a node. */
export function leaveContract(make: () => ForwarderHarness): void {
  test('leaving a node takes away every link, and what is in the directory, and nothing else', async () => {
    await using harness = make()
    const { kernel } = harness
    const signal = AbortSignal.timeout(10_000)
    using folder = temporaryFolder()
    mkdirSync(`${folder.path}/nsm-1-abc`, { mode: 0o777 })
    writeFileSync(`${folder.path}/nsm-1-abc/nsm.client.io.sock`, '')
    writeFileSync(`${folder.path}/manager.db`, '')
    const pods = [harness.addNetns(), harness.addNetns(), harness.addNetns()]
    const [client = { cookie: 0n }, ...endpoints] = pods
    for (const [at, endpoint] of endpoints.entries()) {
      const crossConnect = exampleCrossConnect({
        id: `x${at}`,
        source: { name: `nsm${at}`, netns: client },
        destination: { name: 'nse0', netns: endpoint },
        context: ipv4Pair(`10.0.${at}`),
      })
      await apply(kernel, planLinks(crossConnect), signal)
    }
    const countOf = () => pods.map(netns => linksIn(kernel, netns))
    const before = countOf()
    await leave({ kernel, baseDirectory: folder.path, metrics: undefined, log: silent }, signal)
    expect(countOf()).toEqual([(before[0] ?? 0) - 2, (before[1] ?? 0) - 1, (before[2] ?? 0) - 1])
    expect(readdirSync(folder.path)).toEqual([])
  })
}

function linksIn(
  kernel: ForwarderHarness['kernel'],
  netns: Parameters<ForwarderHarness['kernel']['open']>[0],
) {
  using namespace = kernel.open(netns)
  return namespace.link.list().length
}
