import { create } from '@bufbuild/protobuf'
import { type Connection, type Mechanism, MechanismSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { ConnectionContextSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import { mechanismType, parameter } from '#sdk/wire/mechanism.ts'
import type { TunnelNumbers } from './tunnel-numbers.ts'

/** The mechanisms that can carry a payload, in their order: WIREGUARD carries packets, not the frames of ETHERNET. */
export function carriersOf(mechanisms: readonly Mechanism[], payload: string): readonly Mechanism[] {
  return mechanisms.filter(({ type }) => payload !== 'ETHERNET' || type !== mechanismType.wireguard)
}

/**
 * The mechanisms that a node asks another for, in its order: the preferred type, VXLAN, others. WIREGUARD is among them
 * only where it is preferred: NSM v1 puts it first, but a node takes it when its operator has decided for it.
 */
export function offerable(mechanisms: readonly Mechanism[], preferred: string): readonly Mechanism[] {
  const wanted = mechanisms.filter(({ type }) => type !== mechanismType.wireguard || type === preferred)
  return preferredFirst(preferredFirst(wanted, mechanismType.vxlan), preferred)
}

/** The same mechanisms, those of one type before all others; an empty type prefers none. */
export function preferredFirst(mechanisms: readonly Mechanism[], type: string): readonly Mechanism[] {
  return [
    ...mechanisms.filter(mechanism => mechanism.type === type),
    ...mechanisms.filter(mechanism => mechanism.type !== type),
  ]
}

/** The mechanism with the number that its type needs: VXLAN's identifier, or WireGuard's port under `portKey`. */
export function withNumbers(mechanism: Mechanism, { vni, port }: TunnelNumbers, portKey: string): Mechanism {
  const [key, number] =
    mechanism.type === mechanismType.vxlan
      ? [parameter.vni, vni]
      : mechanism.type === mechanismType.wireguard
        ? [portKey, port]
        : ['', undefined]
  if (number === undefined) return mechanism
  return create(MechanismSchema, {
    ...mechanism,
    parameters: { ...mechanism.parameters, [key]: number.toString() },
  })
}

/**
 * The mechanism that two nodes agree on: of the asker what it says of itself, and of the answerer all `src_…` that its
 * forwarder offers as `dst_…`. The MTU is the smaller one.
 */
export function agreement(asked: Mechanism, own: Mechanism): Mechanism {
  const asking = Object.entries(asked.parameters).filter(([key]) => !key.startsWith('dst_'))
  const answering = Object.entries(own.parameters).flatMap(([key, value]) =>
    key.startsWith('src_') ? [[key.replace('src_', 'dst_'), value] as const] : [],
  )
  const mtu = smallest(mtuOf(asked), mtuOf(own))
  return create(MechanismSchema, {
    ...asked,
    parameters: {
      ...Object.fromEntries([...asking, ...answering]),
      ...(mtu === 0 ? {} : { [parameter.mtu]: mtu.toString() }),
    },
  })
}

/** What the answer has changed of an offer that is not the answerer's to change: the name of a parameter, if any. */
export function changedBy(answer: Mechanism, offered: Mechanism): string | undefined {
  return Object.keys(offered.parameters).find(
    key => key.startsWith('src_') && answer.parameters[key] !== offered.parameters[key],
  )
}

/** The connection with the smallest of its MTU and others; 0 says nothing. */
export function withMtu(connection: Connection, ...others: readonly number[]): Connection {
  const context = connection.context ?? create(ConnectionContextSchema)
  const mtu = smallest(context.MTU, ...others)
  return mtu === context.MTU ? connection : { ...connection, context: { ...context, MTU: mtu } }
}

/** A tunnel in words: `VXLAN 4711 from 10.0.0.1 to 10.0.0.2, MTU 1450`. */
export function tunnelText({ type, parameters }: Mechanism): string {
  const said = (before: string, key: string): string =>
    parameters[key] === undefined ? '' : `${before}${parameters[key]}`
  return `${type}${said(' ', parameter.vni)}${said(' from ', parameter.srcIp)}${said(' to ', parameter.dstIp)}${said(', MTU ', parameter.mtu)}`
}

/** Bytes that pass through a tunnel in one piece; 0 when it does not say. */
export function mtuOf(mechanism: Mechanism | undefined): number {
  const text = mechanism?.parameters[parameter.mtu] ?? ''
  return /^[0-9]{1,5}$/.test(text) ? Number(text) : 0
}

/** The smallest number that says something: 0 does not. */
function smallest(...numbers: readonly number[]): number {
  const said = numbers.filter(number => number > 0)
  return said.length === 0 ? 0 : Math.min(...said)
}
