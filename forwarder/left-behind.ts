import { toNsmError } from '#kernel/errors.ts'
import type { Kernel } from '#kernel/port.ts'
import { remove } from '#kernel/remove.ts'
import type { Step } from '#sdk/chain/step.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import type { CrossConnects } from './cross-connects.ts'
import { endsOf } from './ends.ts'

/** Removes what a cross connect leaves in pods that it no longer joins, once the new links are there. */
export function leftBehind(kernel: Kernel, crossConnects: CrossConnects): Step<CrossConnect, CrossConnect> {
  return {
    name: 'left-behind',
    async request(crossConnect, call, next) {
      const before = crossConnects.get(crossConnect.id)
      const after = await next(crossConnect, call)
      const stays = new Set(endsOf(after).map(({ netns }) => netns.cookie))
      const left = before === undefined ? [] : endsOf(before).filter(({ netns }) => !stays.has(netns.cookie))
      try {
        await remove(
          kernel,
          after.id,
          left.map(({ netns }) => netns),
        )
      } catch (cause) {
        throw toNsmError(cause)
      }
      return after
    },
  }
}
