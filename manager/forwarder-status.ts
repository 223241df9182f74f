import type { MessageInitShape } from '@bufbuild/protobuf'
import type { ForwarderStatusSchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import type { ForeignTunnel } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import type { Forwarder } from './forwarders.ts'

/** Milliseconds that a forwarder may take to look at its node. */
const lookMs = 1000

/** What there is to tell of a forwarder. Never fails: what it does not tell is left out. */
export async function forwarderStatus(
  { name, local, remote, underlay }: Forwarder,
  signal: AbortSignal,
): Promise<MessageInitShape<typeof ForwarderStatusSchema>> {
  return {
    name,
    localMechanisms: [...local],
    remoteMechanisms: [...remote],
    foreignTunnels: await tunnelsBy(underlay, signal),
  }
}

async function tunnelsBy(underlay: Forwarder['underlay'], signal: AbortSignal): Promise<ForeignTunnel[]> {
  try {
    return (await underlay.foreignTunnels({}, { signal, timeoutMs: lookMs })).tunnels
  } catch {
    return []
  }
}
