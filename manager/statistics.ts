import { NsmError } from '#sdk/errors.ts'
import type { EndStatistics, StatisticsRequest } from '#sdk/wire/gen/statistics/statistics_pb.ts'
import type { Forwarder } from './forwarders.ts'

/** Milliseconds that a forwarder may take to read its counters. */
const readMs = 5000

/** The counters that the forwarders of this node keep; one that keeps none adds nothing. Throws what a forwarder answers. */
export async function readStatistics(
  forwarders: readonly Forwarder[],
  { ids }: Pick<StatisticsRequest, 'ids'>,
  signal: AbortSignal,
): Promise<readonly EndStatistics[]> {
  return (await Promise.all(forwarders.map(forwarder => readOf(forwarder, { ids, signal })))).flat()
}

async function readOf(
  { statistics }: Forwarder,
  { ids, signal }: { readonly ids: readonly string[]; readonly signal: AbortSignal },
): Promise<readonly EndStatistics[]> {
  try {
    return (await statistics.read({ ids: [...ids] }, { signal, timeoutMs: readMs })).ends
  } catch (thrown) {
    const error = NsmError.from(thrown)
    if (error.code === 'UNSUPPORTED') return []
    throw error
  }
}
