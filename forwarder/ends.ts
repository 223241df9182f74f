import type { NetnsName } from '#kernel/link-plan.ts'
import { formatTag, type Role } from '#kernel/tag.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { netnsRefOf, parameter } from '#sdk/wire/mechanism.ts'

/** Where the kernel knows one end of a cross connect. */
export interface KnownEnd {
  readonly role: Role
  readonly netns: NetnsName
  /** The interface name that was agreed. */
  readonly name: string
  readonly alias: string
}

/** The ends of a cross connect whose namespace it names; a message from outside may name none. */
export function endsOf({ id, source, destination }: CrossConnect): readonly KnownEnd[] {
  const ends: readonly (readonly [Role, Connection | undefined])[] = [
    ['src', source],
    ['dst', destination],
  ]
  return ends.flatMap(([role, connection]) => {
    const parameters = connection?.mechanism?.parameters ?? {}
    const netns = netnsRefOf(parameters)
    const name = parameters[parameter.name] ?? ''
    return netns === undefined ? [] : [{ role, netns, name, alias: formatTag({ id, role }) }]
  })
}
