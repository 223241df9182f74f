import type { EndPlan, LinkPlan } from '#kernel/link-plan.ts'
import { formatTag, type Tag } from '#kernel/tag.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { formatCidr } from './cidr.ts'
import { type LinkContext, readContext } from './context.ts'
import { type Attachment, attachmentOf } from './mechanism.ts'
import { badInput, quoted, unsupported } from './refuse.ts'
import { routesOf } from './routes.ts'

/**
 * Hop 5 of the story: what a cross connect means for the two pods. The source is the client, the destination the
 * endpoint. The source's context describes the link; the destination's is read when the source has none.
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
  const client = attachmentOf(source, `${doing}: source`)
  const endpoint = attachmentOf(destination, `${doing}: destination`)
  if (client.netns.cookie === endpoint.netns.cookie) {
    throw badInput(
      doing,
      `both its ends are in network namespace ${client.netns.cookie}; a pod cannot be wired to itself`,
    )
  }
  const context = readContext(source?.context ?? destination?.context, `${doing}: context`)
  return {
    id,
    kind: 'veth',
    ends: [endPlan(client, { id, role: 'src' }, context), endPlan(endpoint, { id, role: 'dst' }, context)],
  }
}

function endPlan(at: Attachment, tag: Tag, context: LinkContext): EndPlan {
  const { source, destination, neighbours, mtu } = context
  const [own, opposite] = tag.role === 'src' ? [source, destination] : [destination, source]
  return {
    netns: at.netns,
    name: at.name,
    alias: formatTag(tag),
    addresses: own.addresses.map(formatCidr),
    routes: routesOf(own.addresses, opposite.addresses, own.routes),
    neighbours: neighbours.filter(({ address }) => own.addresses.every(({ text }) => text !== address)),
    policies: [],
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

/** A veth pair carries frames, and so both; v0.2 leaves it empty. */
const payloads: readonly string[] = ['', 'IP', 'ETHERNET']
