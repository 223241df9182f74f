/** IFALIAS of a link of ours: `nsm:<cross connect id>:src` in the client's pod, `…:dst` in the endpoint's. */

/** The sides of a connection: the client’s and the endpoint’s. */
export const roles = ['src', 'dst'] as const
/** One side of a connection. */
export type Role = (typeof roles)[number]

/** What the alias of an interface of ours says. */
export interface Tag {
  readonly id: string
  readonly role: Role
}

/** The role of the other end. */
export function otherRole(role: Role): Role {
  return role === 'src' ? 'dst' : 'src'
}

/** The alias of the interface on one side of a cross connect; an id of up to 247 bytes fits (IFALIASZ). */
export function formatTag({ id, role }: Tag): string {
  return `nsm:${id}:${role}`
}

/** Undefined for an alias that is not of ours. */
export function parseTag(alias: string): Tag | undefined {
  const match = /^nsm:(.*):(src|dst)$/s.exec(alias)
  const [, id, role] = match ?? []
  return id === undefined || (role !== 'src' && role !== 'dst') ? undefined : { id, role }
}
