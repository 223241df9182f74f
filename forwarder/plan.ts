import type { EndPlan, LinkPlan, VethPlan, VxlanPlan, WireguardLinkPlan } from '#kernel/link-plan.ts'
import { formatTag, type Role, type Tag } from '#kernel/tag.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { formatCidr } from './cidr.ts'
import { type LinkContext, readContext } from './context.ts'
import { type Keys, noKeys } from './keys.ts'
import { type Attachment, type Elsewhere, whereOf } from './mechanism.ts'
import { badInput, quoted, unsupported } from './refuse.ts'
import { routesOf } from './routes.ts'
import { tunnelOf, wireguardOf } from './tunnel.ts'

/**
 * Hop 5 of the story: what a cross connect means for the two pods. The source is the client, the destination the
 * endpoint; either may be on another node. The source's context describes the link; the destination's is read when the
 * source has none.
 *
 * All that came over the wire is checked here and nowhere later. Throws BAD_INPUT for what is malformed, UNSUPPORTED
 * for what only another forwarder could do.
 */
export function planLinks(crossConnect: CrossConnect): LinkPlan {
  return planWith(noKeys, crossConnect)
}

/** As `planLinks`, of a node that has keys of WireGuard. */
export function planWith(
  keys: Pick<Keys, 'of'>,
  { id, payload, source, destination }: CrossConnect,
): LinkPlan {
  const doing = `wiring cross connect ${quoted(id)}`
  if (!isTaggable(id)) {
    throw badInput(doing, `its id must have 1 to ${longestId} bytes and no control characters`)
  }
  if (!payloads.includes(payload)) {
    throw unsupported(doing, `this forwarder carries the payloads IP and ETHERNET, not ${quoted(payload)}`)
  }
  const client = whereOf(source, `${doing}: source`)
  const endpoint = whereOf(destination, `${doing}: destination`)
  const context = readContext(source?.context ?? destination?.context, `${doing}: context`)
  const subject = { id, payload, context, keys, doing }
  if (client.at === 'pod' && endpoint.at === 'pod') return pairPlan(subject, client, endpoint)
  if (client.at === 'pod' && endpoint.at === 'node')
    return tunnelPlan({ ...subject, doing: `${doing}: destination` }, { ...client, role: 'src' }, endpoint)
  if (client.at === 'node' && endpoint.at === 'pod')
    return tunnelPlan({ ...subject, doing: `${doing}: source` }, { ...endpoint, role: 'dst' }, client)
  throw badInput(doing, 'both its ends are on other nodes; this forwarder joins pods of its own')
}

/** What is planned, and how messages begin. */
interface Subject {
  readonly id: string
  readonly payload: string
  readonly keys: Pick<Keys, 'of'>
  readonly context: LinkContext
  readonly doing: string
}

function pairPlan({ id, context, doing }: Subject, client: Attachment, endpoint: Attachment): VethPlan {
  if (client.netns.cookie === endpoint.netns.cookie) {
    throw badInput(
      doing,
      `both its ends are in network namespace ${client.netns.cookie}; a pod cannot be wired to itself`,
    )
  }
  return {
    id,
    kind: 'veth',
    ends: [endPlan(client, { id, role: 'src' }, context), endPlan(endpoint, { id, role: 'dst' }, context)],
  }
}

type Here = Attachment & { readonly role: Role }

function tunnelPlan(subject: Subject, here: Here, far: Elsewhere): VxlanPlan | WireguardLinkPlan {
  return far.type === 'VXLAN' ? vxlanPlan(subject, here, far) : wireguardPlan(subject, here, far)
}

function vxlanPlan(subject: Subject, here: Here, { parameters }: Elsewhere): VxlanPlan {
  const { id, doing } = subject
  const { tunnel, mtu } = tunnelOf(parameters, here.role, doing)
  const end = endPlan(here, { id, role: here.role }, fitted(subject, mtu))
  return { id, kind: 'vxlan', ends: [end], tunnel }
}

/** Packets have no MACs, and so no neighbours. */
function wireguardPlan(subject: Subject, here: Here, { parameters }: Elsewhere): WireguardLinkPlan {
  const { id, payload, keys, doing } = subject
  if (payload === 'ETHERNET')
    throw unsupported(doing, 'WireGuard carries packets, not the frames of ETHERNET')
  const { tunnel, mtu } = wireguardOf(parameters, { role: here.role, keys }, doing)
  const { mac: _, ...end } = endPlan(here, { id, role: here.role }, fitted(subject, mtu))
  return { id, kind: 'wireguard', ends: [{ ...end, neighbours: [] }], tunnel }
}

/** The context with the MTU that was asked for or that the nodes agreed on, the smaller one. */
function fitted({ context, doing }: Subject, agreed = Number.POSITIVE_INFINITY): LinkContext {
  const mtu = Math.min(context.mtu ?? Number.POSITIVE_INFINITY, agreed)
  if (mtu < leastIpv6Mtu && hasIpv6(context)) {
    throw badInput(
      doing,
      `it carries ${mtu} bytes in one piece, and the IPv6 of its addresses needs ${leastIpv6Mtu}`,
    )
  }
  return Number.isFinite(mtu) ? { ...context, mtu } : context
}

function hasIpv6({ source, destination }: LinkContext): boolean {
  return [...source.addresses, ...destination.addresses].some(({ family }) => family === 'IPv6')
}

function endPlan(at: Attachment, tag: Tag, context: LinkContext): EndPlan {
  const { source, destination, neighbours, policies, mtu } = context
  const [own, opposite] = tag.role === 'src' ? [source, destination] : [destination, source]
  return {
    netns: at.netns,
    name: at.name,
    alias: formatTag(tag),
    addresses: own.addresses.map(formatCidr),
    routes: routesOf(own.addresses, opposite.addresses, own.routes),
    neighbours: neighbours.filter(({ address }) => own.addresses.every(({ text }) => text !== address)),
    policies: tag.role === 'src' ? policies : [],
    ...(mtu === undefined ? {} : { mtu }),
    ...(own.mac === undefined ? {} : { mac: own.mac }),
  }
}

function isTaggable(id: string): boolean {
  const bytes = Buffer.byteLength(id)
  return bytes >= 1 && bytes <= longestId && id.isWellFormed() && !/\p{Cc}/u.test(id)
}

/** An alias has at most 255 bytes (IFALIASZ in linux/if.h), of which `nsm::src` takes eight. */
const longestId = 247

/** RFC 8200 §5. */
const leastIpv6Mtu = 1280

/** Veth and VXLAN carry frames, and so both; v0.2 leaves it empty. */
const payloads: readonly string[] = ['', 'IP', 'ETHERNET']
