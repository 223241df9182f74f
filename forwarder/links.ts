import { apply, applyNew } from '#kernel/apply.ts'
import { toNsmError } from '#kernel/errors.ts'
import type { Kernel } from '#kernel/port.ts'
import { remove } from '#kernel/remove.ts'
import { service } from '#sdk/chain/chain.ts'
import type { Service } from '#sdk/chain/step.ts'
import { isInterfaceName } from '#sdk/service-ref/names.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import type { CrossConnects } from './cross-connects.ts'
import { endsOf } from './ends.ts'
import { type Keys, noKeys } from './keys.ts'
import { withMtu } from './mtu.ts'
import { planWith } from './plan.ts'
import { withStates } from './states.ts'

/**
 * Makes the links of a cross connect true, and removes them on close. The kernel owns them, not the scope: they
 * outlive this program, and a close must find them whoever made them. `apply` undoes what it did when it fails.
 */
export function links(
  kernel: Kernel,
  known: CrossConnects,
  keys: Pick<Keys, 'of'> = noKeys,
): Service<CrossConnect, CrossConnect> {
  return service<CrossConnect, CrossConnect>({
    async request(crossConnect, { signal, log }) {
      const plan = planWith(keys, crossConnect)
      try {
        // What exists was adopted at the start, so an id that is not known has no links.
        const wire = known.get(plan.id) === undefined ? applyNew : apply
        const { changes, ends } = await wire(kernel, plan, signal)
        if (changes.length > 0) log.info({ id: plan.id, changes }, 'wired')
        const wired = plan.kind === 'veth' ? crossConnect : withMtu(crossConnect, ends[0].mtu)
        return withStates(wired, { source: State.UP, destination: State.UP })
      } catch (cause) {
        throw toNsmError(cause)
      }
    },
    async close(crossConnect, { log }) {
      const ends = endsOf(crossConnect).map(({ netns, name }) => ({
        ...netns,
        ...(isInterfaceName(name) ? { interfaceHint: name } : {}),
      }))
      try {
        await remove(kernel, crossConnect.id, ends)
        log.info({ id: crossConnect.id }, 'unwired')
      } catch (cause) {
        throw toNsmError(cause)
      }
    },
  })
}
