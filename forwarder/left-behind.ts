import { toNsmError } from '#kernel/errors.ts'
import type { NetnsName } from '#kernel/link-plan.ts'
import type { Kernel } from '#kernel/port.ts'
import { remove } from '#kernel/remove.ts'
import type { Step } from '#sdk/chain/step.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import type { CrossConnects } from './cross-connects.ts'
import { endsOf } from './ends.ts'

/**
 * Removes what a cross connect leaves in pods that it no longer joins, once the new links are there, and on close what
 * an earlier life of the forwarder had left of it elsewhere.
 */
export function leftBehind(kernel: Kernel, crossConnects: CrossConnects): Step<CrossConnect, CrossConnect> {
  /** Where ends of it are or were. */
  const placesOf = (id: string): readonly NetnsName[] => {
    const known = crossConnects.get(id)
    const named = known === undefined ? [] : endsOf(known).map(({ netns }) => netns)
    return [...named, ...crossConnects.straysOf(id)]
  }

  async function removeFrom(id: string, places: readonly NetnsName[]): Promise<void> {
    try {
      await remove(kernel, id, places)
    } catch (cause) {
      throw toNsmError(cause)
    }
  }

  return {
    name: 'left-behind',
    async request(crossConnect, call, next) {
      const before = placesOf(crossConnect.id)
      const after = await next(crossConnect, call)
      const stays = new Set(endsOf(after).map(({ netns }) => netns.cookie))
      await removeFrom(
        after.id,
        before.filter(({ cookie }) => !stays.has(cookie)),
      )
      return after
    },
    async close(crossConnect, call, next) {
      const strays = crossConnects.straysOf(crossConnect.id)
      await next(crossConnect, call)
      await removeFrom(crossConnect.id, strays)
    },
  }
}
