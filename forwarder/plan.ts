import type { EndPlan, LinkPlan, VethPlan, VxlanPlan } from '#kernel/link-plan.ts'
import { formatTag, type Role, type Tag } from '#kernel/tag.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { formatCidr } from './cidr.ts'
import { type LinkContext, readContext } from './context.ts'
import { type Attachment, type Elsewhere, whereOf } from './mechanism.ts'
import { badInput, quoted, unsupported } from './refuse.ts'
import { routesOf } from './routes.ts'
import { tunnelOf } from './tunnel.ts'

/**
 * Hop 5 of the story: what a cross connect means for the two pods. The source is the client, the destination the
 * endpoint; either may be on another node. The source's context describes the link; the destination's is read when the
 * source has none.
 *
 * All that came over the wire is checked here and nowhere later. Throws BAD_INPUT for what is malformed, UNSUPPORTED
 * for what only another forwarder could do.
 */
export function planLinks({ id, payload, source, destination }: CrossConnect): LinkPlan {
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
  if (client.at === 'pod' && endpoint.at === 'pod') return pairPlan({ id, context, doing }, client, endpoint)
  if (client.at === 'pod' && endpoint.at === 'node')
    return tunnelPlan({ id, context, doing: `${doing}: destination` }, { ...client, role: 'src' }, endpoint)
  if (client.at === 'node' && endpoint.at === 'pod')
    return tunnelPlan({ id, context, doing: `${doing}: source` }, { ...endpoint, role: 'dst' }, client)
  throw badInput(doing, 'both its ends are on other nodes; this forwarder joins pods of its own')
}

/** What is planned, and how messages begin. */
interface Subject {
  readonly id: string
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

/** The interface gets the MTU that was asked for or that the nodes agreed on, the smaller one. */
function tunnelPlan(
  { id, context, doing }: Subject,
  here: Attachment & { readonly role: Role },
  { parameters }: Elsewhere,
): VxlanPlan {
  const { tunnel, mtu: agreed = Number.POSITIVE_INFINITY } = tunnelOf(parameters, here.role, doing)
  const mtu = Math.min(context.mtu ?? Number.POSITIVE_INFINITY, agreed)
  if (mtu < leastIpv6Mtu && hasIpv6(context)) {
    throw badInput(
      doing,
      `it carries ${mtu} bytes in one piece, and the IPv6 of its addresses needs ${leastIpv6Mtu}`,
    )
  }
  const fitted = Number.isFinite(mtu) ? { ...context, mtu } : context
  return { id, kind: 'vxlan', ends: [endPlan(here, { id, role: here.role }, fitted)], tunnel }
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
