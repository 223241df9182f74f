import { create } from '@bufbuild/protobuf'
import { type Connection, type Mechanism, MechanismSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { mechanismClass, mechanismType, netnsParameters, parameter } from '#sdk/wire/mechanism.ts'
import type { Connections } from './connections.ts'
import { isKernel } from './forwarders.ts'
import { chosen, type ManagerRequest } from './request.ts'

/**
 * How the caller's end is attached: a pod by a kernel interface in the namespace that it was seen in, whatever it
 * claims; another node by the tunnel that was agreed on.
 */
export function sourceMechanism(input: ManagerRequest, connections: Connections): Mechanism {
  const { caller } = input
  if (caller.kind === 'pod') {
    return create(MechanismSchema, {
      cls: mechanismClass.local,
      type: mechanismType.kernel,
      parameters: { [parameter.name]: interfaceName(input, connections), ...netnsParameters(caller.netns) },
    })
  }
  return chosen(input.source, 'mechanism of the caller')
}

/** What the caller is answered: its own words for the mechanism, and nothing of where its namespace is. */
export function answerTo(input: ManagerRequest, { source }: CrossConnect): Connection {
  const { connection } = input
  const context = source?.context ?? connection.context
  const mechanism = source?.mechanism
  if (mechanism === undefined) return connection
  const { [parameter.netnsCookie]: _cookie, [parameter.netnsPid]: _pid, ...parameters } = mechanism.parameters
  const type = isKernel(mechanism.type) ? (wished(input)?.type ?? mechanism.type) : mechanism.type
  return {
    ...connection,
    ...(context === undefined ? {} : { context }),
    mechanism: { ...mechanism, type, parameters },
  }
}

/** The kernel mechanism that the caller asks for: the agreed one on a refresh, else its first preference. */
function wished({ connection, preferences }: ManagerRequest): Mechanism | undefined {
  return [connection.mechanism, ...preferences].find(
    mechanism => mechanism !== undefined && isKernel(mechanism.type),
  )
}

/** The name that the client asks for, the one that it has, or the first of nsm0, nsm1 … that its pod does not use. */
function interfaceName(input: ManagerRequest, connections: Connections): string {
  const asked = wished(input)?.parameters[parameter.name] ?? ''
  if (asked !== '') return asked
  const had = nameOf(connections.get(input.id)?.crossConnect.source)
  if (had !== '') return had
  const uid = input.caller.kind === 'pod' ? input.caller.pod.uid : ''
  const taken = new Set(
    connections
      .ofPod(uid)
      .flatMap(({ crossConnect: { source, destination } }) => [nameOf(source), nameOf(destination)]),
  )
  let index = 0
  while (taken.has(`nsm${index}`)) index += 1
  return `nsm${index}`
}

function nameOf(end: Connection | undefined): string {
  return end?.mechanism?.parameters[parameter.name] ?? ''
}
