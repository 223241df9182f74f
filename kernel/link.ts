import {
  decodeLink,
  encodeBridge,
  encodeLinkChange,
  encodeLinkDump,
  encodeLinkQuery,
  encodeProbe,
  encodeVeth,
  encodeVxlan,
  encodeWireguardLink,
} from './codec/link.ts'
import { flag, type Message } from './codec/message.ts'
import { isKernelError } from './errors.ts'
import type { Place } from './place.ts'
import type { LinkChange, LinkVerbs } from './port.ts'
import { removeLink } from './removals.ts'
import { giveLinkLocal, writeSysctl } from './sysctl.ts'
import { createTun } from './tun.ts'
import { tunnelInWords, vniInUse } from './tunnel.ts'
import { getWireguard, setWireguard } from './wireguard.ts'

/** The verbs of interfaces in one namespace. */
export function linkVerbs(place: Place): LinkVerbs {
  const { socket, where } = place
  return {
    list: () => messages(place, 'with stats').map(({ body }) => decodeLink(body)),

    get(name) {
      const doing = `looking for interface ${name} ${where}`
      return unlessGone(() =>
        decodeLink(socket.get({ name: 'RTM_GETLINK', body: encodeLinkQuery(name), doing }).body),
      )
    },

    tagged(alias) {
      // An endpoint may have hundreds of links, and decoding them all is most of the cost.
      const likely = messages(place, 'without stats').filter(({ body }) => body.includes(alias))
      return likely.map(({ body }) => decodeLink(body)).find(link => link.alias === alias)
    },

    createVeth(end, { namespace, ...peer }) {
      const doing = `creating veth pair ${end.name} ${where} and ${peer.name} in network namespace ${namespace.netns.cookie}`
      const body = encodeVeth(end, { ...peer, netnsFd: place.fdOf(namespace) })
      const made = socket.make({ name: 'RTM_NEWLINK', flags: flag.create | flag.exclusive, body, doing })
      // Before Linux 6.2 the kernel does not tell what it made.
      const link =
        made === undefined
          ? decodeLink(socket.get({ name: 'RTM_GETLINK', body: encodeLinkQuery(end.name), doing }).body)
          : decodeLink(made.body)
      return [link.index, link.peer ?? 0]
    },

    createVxlan({ namespace, ...end }, tunnel) {
      const doing = `creating VXLAN device ${end.name} in network namespace ${namespace.netns.cookie} ${tunnelInWords(tunnel)}`
      try {
        socket.change({
          name: 'RTM_NEWLINK',
          flags: flag.create | flag.exclusive,
          body: encodeVxlan({ ...end, netnsFd: place.fdOf(namespace) }, tunnel),
          doing,
        })
      } catch (cause) {
        // A taken name and a taken VNI are refused alike.
        if (!isKernelError(cause, 'EEXIST') || namespace.link.get(end.name) !== undefined) throw cause
        throw vniInUse(doing, cause)
      }
    },

    createWireguard({ namespace, ...end }) {
      const flags = flag.create | flag.exclusive
      const body = encodeWireguardLink({ ...end, netnsFd: place.fdOf(namespace) })
      const doing = `creating WireGuard device ${end.name} in network namespace ${namespace.netns.cookie}`
      socket.change({ name: 'RTM_NEWLINK', flags, body, doing })
    },

    getWireguard: index => getWireguard(place, index),
    setWireguard: (index, wireguard) => setWireguard(place, index, wireguard),

    createTun(birth, alias) {
      createTun(place.netns, birth, () => {
        const doing = `marking ${birth.kind} device ${birth.name} ${where}`
        const found = socket.get({ name: 'RTM_GETLINK', body: encodeLinkQuery(birth.name), doing })
        const body = encodeLinkChange(decodeLink(found.body).index, { alias })
        socket.change({ name: 'RTM_SETLINK', body, doing })
      })
    },

    supports(kind) {
      const doing = `looking whether this kernel makes interfaces of kind ${kind}`
      try {
        const flags = flag.create | flag.exclusive
        socket.change({ name: 'RTM_NEWLINK', flags, body: encodeProbe(kind), doing })
      } catch (cause) {
        if (isKernelError(cause, 'EOPNOTSUPP')) return 'no'
        if (!isKernelError(cause, 'EINVAL')) throw cause
      }
      return 'yes'
    },

    createBridge(name) {
      const doing = `creating bridge ${name} ${where}`
      socket.change({
        name: 'RTM_NEWLINK',
        flags: flag.create | flag.exclusive,
        body: encodeBridge(name),
        doing,
      })
    },

    set(index, change) {
      const doing = `changing interface ${index} ${where} (${inWords(change)})`
      const apply = (part: LinkChange) =>
        socket.change({ name: 'RTM_SETLINK', body: encodeLinkChange(index, part), doing })
      if (change.linkLocal === 'auto') return giveLinkLocal(place, index)
      try {
        apply(change)
      } catch (cause) {
        if (change.linkLocal === 'none' && isKernelError(cause, 'EAFNOSUPPORT')) {
          // There is no IPv6, or none below an MTU of 1280.
          const { linkLocal: _, ...rest } = change
          return apply(rest)
        }
        // Before Linux 6.2 an interface must be down to be renamed, which costs it its routes.
        if (change.name === undefined || !isKernelError(cause, 'EBUSY')) throw cause
        apply({ admin: 'down' })
        apply({ admin: 'up', ...change })
      }
    },

    refuseAdvertisements: name => writeSysctl(place, name, { family: 'ipv6', key: 'accept_ra', value: '0' }),

    remove: index => removeLink(place, index),
  }
}

function messages({ socket, where }: Place, stats: 'with stats' | 'without stats'): readonly Message[] {
  return socket.dump({
    name: 'RTM_GETLINK',
    body: encodeLinkDump(stats),
    doing: `listing interfaces ${where}`,
  })
}

function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (cause) {
    if (isKernelError(cause, 'ENODEV')) return undefined
    throw cause
  }
}

function inWords(change: LinkChange): string {
  return Object.entries(change)
    .map(([what, value]) => `${what} ${value}`)
    .join(', ')
}
