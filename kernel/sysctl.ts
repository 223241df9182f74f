import { readFileSync, writeFileSync } from 'node:fs'
import { decodeLink, encodeLinkIndex } from './codec/link.ts'
import { inNetns } from './netns.ts'
import type { Place } from './place.ts'

/**
 * Writes a sysctl of one interface, such as `accept_ra`, in the open namespace; `no` when IPv6 is absent or procfs is
 * read-only. Equivalent to: `sysctl net.FAMILY.conf.INTERFACE.KEY=VALUE`
 */
export function writeSysctl(
  { netns, proc }: Place,
  name: string,
  setting: { readonly family: 'ipv4' | 'ipv6'; readonly key: string; readonly value: string },
): 'yes' | 'no' {
  // The files below /proc/sys/net are those of the namespace that the writing thread is in.
  return inNetns(netns, () => {
    try {
      writeFileSync(`${proc}/sys/net/${setting.family}/conf/${name}/${setting.key}`, setting.value)
      return 'yes'
    } catch {
      // ENOENT: no IPv6. EROFS, EACCES, EPERM: an ordinary pod.
      return 'no'
    }
  })
}

/**
 * Lets IPv6 give an interface a link-local address where it was told not to (addr_gen_mode 1); where procfs is read-only, the
 * interface stays without. Throws KernelError. By sysctl because netlink changes the mode, but gives no address.
 */
export function giveLinkLocal(place: Place, index: number): void {
  const doing = `looking for interface ${index} ${place.where}`
  const query = { name: 'RTM_GETLINK', body: encodeLinkIndex(index), doing } as const
  const { name } = decodeLink(place.socket.get(query).body)
  if (readIpv6Sysctl(place, name, 'addr_gen_mode') !== '1') return
  writeSysctl(place, name, { family: 'ipv6', key: 'addr_gen_mode', value: '0' })
}

/** Undefined when there is no IPv6. */
function readIpv6Sysctl({ netns, proc }: Place, name: string, key: string): string | undefined {
  return inNetns(netns, () => {
    try {
      return readFileSync(`${proc}/sys/net/ipv6/conf/${name}/${key}`, 'utf8').trim()
    } catch {
      return undefined
    }
  })
}
