import { interfaceNameRule, isInterfaceName } from '#sdk/service-ref/names.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import { mechanismClass, mechanismType, type NetnsRef, netnsRefOf, parameter } from '#sdk/wire/mechanism.ts'
import { badInput, quoted, unsupported } from './refuse.ts'
import type { Parameters } from './tunnel.ts'

/** An interface name in a network namespace of this node. */
export interface Attachment {
  readonly at: 'pod'
  readonly netns: NetnsRef
  readonly name: string
}

/** A pod of another node, by a tunnel whose parameters were not checked yet. */
export interface Elsewhere {
  readonly at: 'node'
  readonly type: 'VXLAN' | 'WIREGUARD'
  readonly parameters: Parameters
}

/** Reads where an end of a cross connect goes. `doing` begins the messages. Throws BAD_INPUT, and UNSUPPORTED for what this forwarder cannot make. */
export function whereOf(connection: Connection | undefined, doing: string): Attachment | Elsewhere {
  const mechanism = connection?.mechanism
  if (mechanism === undefined)
    throw badInput(doing, 'it has no mechanism; the manager should have chosen one')
  const { cls, type, parameters } = mechanism
  if (localClasses.includes(cls) && kernelTypes.includes(type)) return attachmentOf(parameters, doing)
  const tunnel = cls === mechanismClass.remote ? tunnelTypes.find(known => known === type) : undefined
  if (tunnel !== undefined) return { at: 'node', type: tunnel, parameters }
  throw unsupported(
    doing,
    `this forwarder makes ${mechanismClass.local} ${mechanismType.kernel} and ${mechanismClass.remote} ${tunnelTypes.join(' or ')}, not ${quoted(`${cls} ${type}`)}`,
  )
}

function attachmentOf(parameters: Parameters, doing: string): Attachment {
  const name = parameters[parameter.name] ?? ''
  if (!isInterfaceName(name)) {
    throw badInput(doing, `its parameter ${parameter.name} is ${quoted(name)}; expected ${interfaceNameRule}`)
  }
  const netns = netnsRefOf(parameters)
  if (netns === undefined) {
    throw badInput(
      doing,
      `its parameter ${parameter.netnsCookie} is missing or no decimal number, so its network namespace is unknown`,
    )
  }
  return { at: 'pod', netns, name }
}

const tunnelTypes = [mechanismType.vxlan, mechanismType.wireguard] as const

const kernelTypes: readonly string[] = [mechanismType.kernel, mechanismType.kernelV0]

/** v0.2 clients leave the class empty. */
const localClasses: readonly string[] = [mechanismClass.local, '']
