import { create } from '@bufbuild/protobuf'
import type { NetnsName } from '#kernel/link-plan.ts'
import { list, type TaggedEnd } from '#kernel/list.ts'
import type { Kernel } from '#kernel/port.ts'
import { type CrossConnect, CrossConnectSchema } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { mechanismClass, mechanismType, netnsParameters, parameter } from '#sdk/wire/mechanism.ts'

/**
 * The cross connects whose links are in some namespaces: what an earlier life of this forwarder made. The kernel
 * tells the ids, names, namespaces and addresses; the rest comes with the manager's next request, which finds the
 * links as they should be and changes nothing. Throws KernelError.
 */
export function findCrossConnects(kernel: Kernel, namespaces: readonly NetnsName[]): readonly CrossConnect[] {
  const byId = Map.groupBy(list(kernel, namespaces), ({ id }) => id)
  return [...byId].map(([id, ends]) => crossConnectOf(id, ends))
}

function crossConnectOf(id: string, ends: readonly TaggedEnd[]): CrossConnect {
  const source = ends.find(({ role }) => role === 'src')
  const destination = ends.find(({ role }) => role === 'dst')
  const context = { ipContext: { srcIpAddrs: addressesOf(source), dstIpAddrs: addressesOf(destination) } }
  return create(CrossConnectSchema, {
    id,
    ...(source === undefined ? {} : { source: { mechanism: mechanismOf(source), context } }),
    ...(destination === undefined ? {} : { destination: { mechanism: mechanismOf(destination), context } }),
  })
}

function mechanismOf({ netns, link }: TaggedEnd) {
  return {
    cls: mechanismClass.local,
    type: mechanismType.kernel,
    parameters: { ...netnsParameters(netns), [parameter.name]: link.name },
  }
}

function addressesOf(end: TaggedEnd | undefined): string[] {
  return (end?.addresses ?? []).filter(({ origin }) => origin === 'ours').map(({ cidr }) => cidr)
}
