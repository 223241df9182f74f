import { isDeepStrictEqual } from 'node:util'
import { create } from '@bufbuild/protobuf'
import { endpoints } from '#registry/kinds.ts'
import type { EndpointRecord } from '#registry/registry.ts'
import { PodSchema } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'

/** Whether two records say the same. */
export function isSame(one: EndpointRecord, other: EndpointRecord): boolean {
  return isDeepStrictEqual(endpoints.toJson(one), endpoints.toJson(other))
}

/** Whether two records say the same to other nodes: their custom resources do not differ. */
export function isSameObject(one: EndpointRecord, other: EndpointRecord): boolean {
  return isSame(published(one), published(other))
}

function published({ endpoint, pod: { uid, name, namespace }, node }: EndpointRecord): EndpointRecord {
  const pod = create(PodSchema, { uid, name, namespace })
  return { endpoint: { ...endpoint, url: '' }, pod, pid: 0, node, workspace: '' }
}
