import { setImmediate as turn } from 'node:timers/promises'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { isKernelError, toNsmError } from '#kernel/errors.ts'
import type { Kernel } from '#kernel/port.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import type { EndStatisticsSchema } from '#sdk/wire/gen/statistics/statistics_pb.ts'
import { endsOf, type KnownEnd } from './ends.ts'

/** What the kernel has counted at one end. */
export type EndCounters = MessageInitShape<typeof EndStatisticsSchema> & {
  readonly id: string
  readonly side: KnownEnd['role']
}

/**
 * The counters of the ends that are in the kernel now, a whole namespace at a time, because a pod may have hundreds of
 * ends. Other work gets its turns meanwhile. Throws KERNEL, and the signal's reason.
 */
export async function readStatistics(
  kernel: Kernel,
  crossConnects: readonly CrossConnect[],
  signal: AbortSignal,
): Promise<readonly EndCounters[]> {
  const ends = crossConnects.flatMap(crossConnect =>
    endsOf(crossConnect).map(end => ({ ...end, id: crossConnect.id })),
  )
  const found: EndCounters[] = []
  for (const inOne of Map.groupBy(ends, ({ netns }) => netns.cookie).values()) {
    signal.throwIfAborted()
    found.push(...countersIn(kernel, inOne))
    await turn()
  }
  return found
}

function countersIn(
  kernel: Kernel,
  ends: readonly (KnownEnd & { readonly id: string })[],
): readonly EndCounters[] {
  const [first] = ends
  if (first === undefined) return []
  try {
    using namespace = kernel.open(first.netns)
    const links = new Map(namespace.link.list().map(link => [link.alias, link]))
    return ends.flatMap(({ id, role, alias }) => {
      const link = links.get(alias)
      return link?.stats === undefined ? [] : [{ id, side: role, interface: link.name, ...link.stats }]
    })
  } catch (cause) {
    if (isKernelError(cause, 'ENOENT')) return []
    throw toNsmError(cause)
  }
}
