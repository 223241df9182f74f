import { create } from '@bufbuild/protobuf'
import { NsmError } from '#sdk/errors.ts'
import { type MechanismUpdate, MechanismUpdateSchema } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import type { ForwarderRegistrationRequest } from '#sdk/wire/gen/forwarderregistrar/forwarderregistrar_pb.ts'
import { mechanismType } from '#sdk/wire/mechanism.ts'
import type { Claims, Clients } from './ground.ts'

/** Where a forwarder's word can come from, beside the forwarder. */
export interface Sources {
  readonly clients: Clients
  readonly registration?: ForwarderRegistrationRequest | undefined
  /** External networks that the user names. */
  readonly networks: readonly string[]
}

/**
 * What a forwarder says that it does: in its registration, where that was seen, else in the first event of
 * MonitorMechanisms. Fails with BAD_USAGE when nobody says anything, DEADLINE when the forwarder does not answer.
 */
export async function claimsOf({ clients, registration, networks }: Sources): Promise<Claims> {
  const update = registration?.mechanisms ?? (await firstUpdate(clients, networks))
  const registered = registration?.externalNetworks.map(({ name }) => name) ?? []
  const isKernel = ({ type }: { readonly type: string }) =>
    type === mechanismType.kernel || type === mechanismType.kernelV0
  return {
    pairs: update.localMechanisms.some(isKernel) ? 'yes' : 'no',
    networks: [...new Set([...networks, ...registered, ...update.externalNetworks])],
  }
}

async function firstUpdate({ mechanisms }: Clients, networks: readonly string[]): Promise<MechanismUpdate> {
  try {
    for await (const update of mechanisms.monitorMechanisms({}, { timeoutMs: answerMs })) return update
  } catch (cause) {
    if (NsmError.from(cause).code !== 'UNSUPPORTED') throw cause
  }
  if (networks.length > 0) return create(MechanismUpdateSchema)
  throw new NsmError(
    'BAD_USAGE',
    'asking the forwarder what it offers: it does not serve MechanismsMonitor; name its networks with --network, or let it register with --registrar',
  )
}

const answerMs = 5000
