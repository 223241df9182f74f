import type { Connections } from '#manager/connections.ts'
import { type ExternalNetworkRef, externalOf } from '#manager/external-network.ts'
import { type Forwarder, type Forwarders, isKernel, type Wish } from '#manager/forwarders.ts'
import { labelText } from '#manager/label-text.ts'
import { chosen, type ManagerRequest, type ManagerStep } from '#manager/request.ts'
import { NsmError } from '#sdk/errors.ts'
import { parameter } from '#sdk/wire/mechanism.ts'

/** What choosing a forwarder depends on. */
export interface ForwarderOptions {
  readonly forwarders: Forwarders
  readonly connections: Connections
  readonly node: string
  /** Milliseconds to wait for a forwarder to register. */
  readonly forwarderWaitMs: number
}

/**
 * Chooses the first forwarder that can join the caller to the chosen endpoint; on a refresh the same again, if it
 * lives. An external network has one forwarder and no other: ENDPOINT_LOST when that has gone, ENDPOINT_REFUSED when
 * the client or its service wants another. Else FORWARDER_UNAVAILABLE when none has come in time.
 */
export function forwarder({ forwarders, connections, node, forwarderWaitMs }: ForwarderOptions): ManagerStep {
  return {
    name: 'forwarder',
    async request(input, call, next) {
      const network = externalOf(chosen(input.endpoint, 'endpoint'))
      if (network !== undefined)
        return await next({ ...input, forwarder: forwarderOf(network, input, forwarders) }, call)
      const preferred = connections.get(input.id)?.forwarder
      const found = await forwarders.find(wishOf(input, node), {
        preferred,
        waitMs: forwarderWaitMs,
        signal: call.signal,
      })
      return await next({ ...input, forwarder: found }, call)
    },
  }
}

function forwarderOf(
  { forwarder: name, network }: ExternalNetworkRef,
  input: ManagerRequest,
  forwarders: Forwarders,
): Forwarder {
  const found = forwarders.get(name)
  if (found === undefined)
    throw new NsmError('ENDPOINT_LOST', `external network ${network}: its forwarder ${name} is gone`)
  const against = unlike(found, input)
  if (against === undefined) return found
  throw new NsmError('ENDPOINT_REFUSED', `external network ${network}: its forwarder ${name} ${against}`)
}

/** A pod is attached by a kernel interface, another node by any mechanism that both sides have. */
function wishOf(input: ManagerRequest, node: string): Wish {
  const { caller, preferences } = input
  const isFar = caller.kind === 'manager' || input.endpoint?.node !== node
  return {
    against: candidate => {
      const { local, remote } = candidate
      if (caller.kind === 'pod' && !local.some(({ type }) => isKernel(type)))
        return 'joins no pods by kernel interfaces'
      if (isFar && remote.length === 0) return 'offers no mechanism between nodes'
      const isShared = remote.some(({ type }) => preferences.some(preference => preference.type === type))
      if (caller.kind === 'manager' && !isShared) return 'offers none of the mechanisms of the other node'
      return unlike(candidate, input)
    },
  }
}

/** Why a forwarder is not one that the client names or its service selects; undefined when it is. */
function unlike({ name, labels }: Forwarder, input: ManagerRequest): string | undefined {
  const named = nameIn(input)
  if (named !== '' && named !== name) return `is not ${named}, which the client asks for`
  const missing = Object.entries(input.forwarderLabels ?? {}).filter(([key, value]) => labels[key] !== value)
  if (missing.length === 0) return undefined
  return `lacks the labels ${labelText(Object.fromEntries(missing))}, which the network service asks for`
}

/** The forwarder that a pod asks for by a mechanism's parameter or by the label of that name. */
function nameIn({ caller, connection, preferences }: ManagerRequest): string {
  if (caller.kind !== 'pod') return ''
  const asked = [connection.mechanism, ...preferences].find(
    mechanism => (mechanism?.parameters[parameter.forwarder] ?? '') !== '',
  )
  return asked?.parameters[parameter.forwarder] ?? connection.labels[parameter.forwarder] ?? ''
}
