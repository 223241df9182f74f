import type { MessageInitShape } from '@bufbuild/protobuf'
import { toNsmError } from '#kernel/errors.ts'
import { type Kernel, ourGroup } from '#kernel/port.ts'
import type { ForeignTunnelSchema } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'

/**
 * The VXLAN devices of the node that are not ours: at the UDP port of one of them the kernel may give us no tunnel, or give
 * it what is meant for us. Ours are in pods. Throws KERNEL.
 */
export function foreignTunnels(kernel: Kernel): readonly MessageInitShape<typeof ForeignTunnelSchema>[] {
  try {
    using own = kernel.openOwn()
    return own.link
      .list()
      .flatMap(({ name, group, vxlanPort }) =>
        vxlanPort === undefined || group === ourGroup ? [] : [{ interface: name, udpPort: vxlanPort }],
      )
  } catch (cause) {
    throw toNsmError(cause)
  }
}
