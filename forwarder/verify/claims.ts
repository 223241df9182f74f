import { NsmError } from '#sdk/errors.ts'
import type { MechanismUpdate } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import type { ForwarderRegistrationRequest } from '#sdk/wire/gen/forwarderregistrar/forwarderregistrar_pb.ts'
import { mechanismType } from '#sdk/wire/mechanism.ts'
import type { Claims, Clients } from './ground.ts'

/**
 * What a forwarder says that it does: in its registration, where that was seen, and in the first event of
 * MonitorMechanisms. Fails with DEADLINE when it says nothing.
 */
export async function claimsOf(
  { mechanisms }: Clients,
  registration: ForwarderRegistrationRequest | undefined,
): Promise<Claims> {
  const update = registration?.mechanisms ?? (await firstUpdate(mechanisms))
  const names = registration?.externalNetworks.map(({ name }) => name) ?? []
  const isKernel = ({ type }: { readonly type: string }) =>
    type === mechanismType.kernel || type === mechanismType.kernelV0
  return {
    pairs: update.localMechanisms.some(isKernel) ? 'yes' : 'no',
    networks: [...new Set([...names, ...update.externalNetworks])],
  }
}

async function firstUpdate(mechanisms: Clients['mechanisms']): Promise<MechanismUpdate> {
  for await (const update of mechanisms.monitorMechanisms({}, { timeoutMs: answerMs })) return update
  throw new NsmError(
    'BAD_INPUT',
    'asking the forwarder what it offers: MonitorMechanisms ended without a word',
  )
}

const answerMs = 5000
