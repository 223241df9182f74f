import { create } from '@bufbuild/protobuf'
import type { Connection, Mechanism } from './gen/connection/connection_pb.ts'
import {
  type ConnectionContext,
  ConnectionContextSchema,
  type IPContext,
  IPContextSchema,
} from './gen/connectioncontext/connectioncontext_pb.ts'
import { mechanismClass, mechanismType } from './mechanism.ts'

/*
 * Messages are plain objects, so `{ ...message, field }` is a message of the same type that shares the other fields;
 * nobody changes a message in place.
 */

/** A mechanism in the words of NSM v1: v0.2's KERNEL_INTERFACE is KERNEL, and a kernel interface without a class is local. */
export function normalMechanism(mechanism: Mechanism): Mechanism {
  const type = mechanism.type === mechanismType.kernelV0 ? mechanismType.kernel : mechanism.type
  const cls = mechanism.cls === '' && type === mechanismType.kernel ? mechanismClass.local : mechanism.cls
  return { ...mechanism, cls, type }
}

/** Whether a mechanism works within a node. */
export function isLocalMechanism(mechanism: Mechanism | undefined): boolean {
  return mechanism !== undefined && normalMechanism(mechanism).cls === mechanismClass.local
}

/** Whether a mechanism is an interface of the kernel in a pod, in the words of v1 or of v0.2. */
export function isKernelMechanism(mechanism: Mechanism | undefined): boolean {
  return mechanism !== undefined && normalMechanism(mechanism).type === mechanismType.kernel
}

/** A mechanism with parameters added; given ones replace those of the same name. */
export function withParameters(
  mechanism: Mechanism,
  parameters: Readonly<Record<string, string>>,
): Mechanism {
  return { ...mechanism, parameters: { ...mechanism.parameters, ...parameters } }
}

/** A connection with labels added; given ones replace those of the same name. */
export function withLabels(connection: Connection, labels: Readonly<Record<string, string>>): Connection {
  return { ...connection, labels: { ...connection.labels, ...labels } }
}

/** The context of a connection, empty when it has none. */
export function contextOf(connection: Connection): ConnectionContext {
  return connection.context ?? create(ConnectionContextSchema)
}

/** The addresses and routes of a connection, empty when it has none. */
export function ipContextOf(connection: Connection): IPContext {
  return contextOf(connection).ipContext ?? create(IPContextSchema)
}

/** A connection with fields of its IP context replaced. */
export function withIpContext(
  connection: Connection,
  fields: Partial<Omit<IPContext, '$typeName'>>,
): Connection {
  return {
    ...connection,
    context: { ...contextOf(connection), ipContext: { ...ipContextOf(connection), ...fields } },
  }
}

/**
 * A connection as the hops behind the first may rely on it: with a context and an IP context, which v1 endpoints
 * dereference unseen, and with its mechanism, if any, in v1's words.
 */
export function completed(connection: Connection): Connection {
  const { mechanism } = connection
  return withIpContext(
    mechanism === undefined ? connection : { ...connection, mechanism: normalMechanism(mechanism) },
    {},
  )
}
