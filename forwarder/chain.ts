import type { Kernel } from '#kernel/port.ts'
import { chain } from '#sdk/chain/chain.ts'
import type { Service } from '#sdk/chain/step.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import type { CrossConnects } from './cross-connects.ts'
import type { Keys } from './keys.ts'
import { leftBehind } from './left-behind.ts'
import { links } from './links.ts'
import type { Liveness } from './liveness.ts'
import type { Prober } from './prober.ts'
import { publish } from './publish.ts'

/** What the steps share. */
export interface ChainParts {
  readonly kernel: Kernel
  readonly crossConnects: CrossConnects
  readonly liveness: Liveness
  readonly prober: Prober
  readonly keys: Pick<Keys, 'of'>
}

/** What this forwarder does for a request or a close, in order. */
export function forwarderChain({
  kernel,
  crossConnects,
  liveness,
  prober,
  keys,
}: ChainParts): Service<CrossConnect, CrossConnect> {
  return chain<CrossConnect, CrossConnect>(
    liveness.step,
    prober.step(),
    publish(crossConnects),
    leftBehind(kernel, crossConnects),
  )(links(kernel, crossConnects, keys))
}
