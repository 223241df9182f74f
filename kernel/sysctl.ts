import { writeFileSync } from 'node:fs'
import { inNetns } from './netns.ts'
import type { Place } from './place.ts'

/**
 * Writes a sysctl of one interface, such as `accept_ra`, in the open namespace; `no` when IPv6 is absent or procfs is
 * read-only. Equivalent to: `sysctl net.ipv6.conf.INTERFACE.KEY=VALUE`
 */
export function writeIpv6Sysctl(
  { netns, proc }: Place,
  name: string,
  setting: { readonly key: string; readonly value: string },
): 'yes' | 'no' {
  // The files below /proc/sys/net are those of the namespace that the writing thread is in.
  return inNetns(netns, () => {
    try {
      writeFileSync(`${proc}/sys/net/ipv6/conf/${name}/${setting.key}`, setting.value)
      return 'yes'
    } catch {
      // ENOENT: no IPv6. EROFS, EACCES, EPERM: an ordinary pod.
      return 'no'
    }
  })
}
