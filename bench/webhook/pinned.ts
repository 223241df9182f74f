import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0

/** A command on a core of its own, so that the load does not take the server's; as it is where that cannot be. */
export function pinned(who: 'server' | 'load', command: readonly string[]): readonly string[] {
  return canPin ? ['taskset', '-c', who === 'server' ? '0' : '1', ...command] : command
}
