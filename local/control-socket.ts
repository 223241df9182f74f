import type { Address } from '#sdk/rpc/types.ts'

/** Listening sockets in /proc/net/unix: the flag __SO_ACCEPTCON (linux/net.h). */
const listening = '00010000'

/**
 * The name of a mesh's control socket in the abstract namespace, without the leading zero byte: such a socket is no
 * file, so nothing is left of it when its last holder dies.
 */
export function controlName(uid: number, mesh: string): string {
  return `nsm/${uid}/${mesh}`
}

/** Where the supervisor of a mesh is dialled. */
export function controlAddress(uid: number, mesh: string): Address {
  return `unix-abstract://${controlName(uid, mesh)}`
}

/** The meshes of a user in the text of /proc/net/unix (proc_net_unix: the path is the eighth field), in order of name. */
export function meshesIn(table: string, uid: number): readonly string[] {
  const prefix = `@${controlName(uid, '')}`
  const names = table.split('\n').flatMap(line => {
    const fields = line.trim().split(/\s+/)
    const path = fields[7] ?? ''
    return fields[3] === listening && path.startsWith(prefix) ? [path.slice(prefix.length)] : []
  })
  return [...new Set(names)].toSorted()
}
