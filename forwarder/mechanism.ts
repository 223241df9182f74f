import { interfaceNameRule, isInterfaceName } from '#sdk/service-ref/names.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import { mechanismClass, mechanismType, type NetnsRef, netnsRefOf, parameter } from '#sdk/wire/mechanism.ts'
import { badInput, quoted, unsupported } from './refuse.ts'

/** Where one end of a cross connect goes: an interface name in a network namespace. */
export interface Attachment {
  readonly netns: NetnsRef
  readonly name: string
}

/** Reads where an end goes. `doing` begins the messages. Throws BAD_INPUT, and UNSUPPORTED for what is no kernel interface on this node. */
export function attachmentOf(connection: Connection | undefined, doing: string): Attachment {
  const mechanism = connection?.mechanism
  if (mechanism === undefined)
    throw badInput(doing, 'it has no mechanism; the manager should have chosen one')
  const { cls, type, parameters } = mechanism
  if (!kernelTypes.includes(type) || !localClasses.includes(cls)) {
    throw unsupported(
      doing,
      `this forwarder attaches ${mechanismClass.local} ${mechanismType.kernel} interfaces only, not ${quoted(`${cls} ${type}`)}`,
    )
  }
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
  return { netns, name }
}

const kernelTypes: readonly string[] = [mechanismType.kernel, mechanismType.kernelV0]

/** v0.2 clients leave the class empty. */
const localClasses: readonly string[] = [mechanismClass.local, '']
