import { generatedInterfaceName } from '#sdk/elements/mechanism.ts'
import { NsmError } from '#sdk/errors.ts'
import { interfaceNameRule, isInterfaceName } from '#sdk/service-ref/names.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'

/** The label by which a client names the endpoint's interface (NSM v0.2). */
const peerInterface = 'peerif'

/** The name of the endpoint's interface: what the client's label `peerif` says, or a generated one. */
export function interfaceNameFor(connection: Connection): string {
  const wanted = connection.labels[peerInterface] ?? ''
  if (wanted === '') return generatedInterfaceName(connection)
  if (isInterfaceName(wanted)) return wanted
  throw new NsmError(
    'BAD_INPUT',
    `requesting connection ${connection.id}: the label ${peerInterface}=${JSON.stringify(wanted)} is not ${interfaceNameRule}`,
  )
}
