import { NsmError } from '#sdk/errors.ts'
import { interfaceNameRule, isInterfaceName } from '#sdk/service-ref/names.ts'
import { validateContext } from '#sdk/wire/context.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { NetworkServiceRequest } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { parameter } from '#sdk/wire/mechanism.ts'
import { isKernel } from './forwarders.ts'
import { enterPath, scopedId } from './path.ts'
import type { Caller, ManagerRequest } from './request.ts'

/** The longest id that a caller may give, so that it fits into messages and logs. */
const longestId = 256

/**
 * Checks a request and gives it the id and the path that it has at this manager. BAD_INPUT for what is malformed,
 * UNSUPPORTED when a pod cannot be attached by a kernel interface.
 */
export function enter(request: NetworkServiceRequest, caller: Caller, node: string): ManagerRequest {
  const { connection, mechanismPreferences: preferences } = request
  if (connection === undefined) throw bad('a request without a connection')
  if (connection.networkService === '') throw bad(`connection ${connection.id} names no network service`)
  if (caller.kind === 'pod') checkKernel(request, connection)
  const named = { ...connection, id: presentedId(connection, request) }
  checkContext(named)
  const id = ownId(named.id, caller)
  const hop = { caller: caller.kind === 'pod' ? caller.pod.name : caller.name, name: node, id }
  return {
    id,
    caller,
    connection: enterPath(named, hop),
    preferences,
    attempt: 0,
    asker: 'client',
    started: performance.now(),
  }
}

/**
 * The id that a caller's connection has here. Another manager's keeps its own, so that a connection has one id on both
 * nodes; one of a pod is scoped by the pod.
 */
export function ownId(id: string, caller: Caller): string {
  return caller.kind === 'pod' ? scopedId(caller.pod.uid, id) : id
}

/** NSM v0 clients may leave the id to the manager: then service and interface name make one that a repetition has again. */
function presentedId(
  { id, networkService }: Connection,
  { mechanismPreferences }: NetworkServiceRequest,
): string {
  if (id.length > longestId || /\p{Cc}/u.test(id) || !id.isWellFormed())
    throw bad(`a connection id may have ${longestId} characters and no control characters`)
  if (id !== '' && id !== '-') return id
  return `${networkService}-${mechanismPreferences[0]?.parameters[parameter.name] ?? ''}`
}

/** Before an endpoint or another node is asked with it. */
function checkContext({ id, context }: Connection): void {
  if (context === undefined) return
  try {
    validateContext(context)
  } catch (cause) {
    throw bad(`connection ${id}: ${NsmError.from(cause).message}`)
  }
}

function checkKernel({ mechanismPreferences }: NetworkServiceRequest, { id, mechanism }: Connection): void {
  const offered = mechanism === undefined ? mechanismPreferences : [mechanism, ...mechanismPreferences]
  if (offered.length > 0 && !offered.some(({ type }) => isKernel(type)))
    throw new NsmError(
      'UNSUPPORTED',
      `requesting connection ${id}: pods are attached by KERNEL interfaces, not by ${offered.map(({ type }) => type).join(', ')}`,
    )
  for (const { type, parameters } of offered) {
    const name = parameters[parameter.name] ?? ''
    if (isKernel(type) && name !== '' && !isInterfaceName(name))
      throw bad(
        `connection ${id} asks for the interface ${JSON.stringify(name)}; expected ${interfaceNameRule}`,
      )
  }
}

function bad(why: string): NsmError {
  return new NsmError('BAD_INPUT', `requesting a network service: ${why}`)
}
