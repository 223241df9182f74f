import { create } from '@bufbuild/protobuf'
import { type Pod, PodSchema } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import type { KubePod } from './kube-pod.ts'

/** A pod of the API server as the manager keeps it, with the network namespace that the kernel named. */
export function asPod({ uid, name, namespace, labels, serviceAccount }: KubePod, netnsCookie: bigint): Pod {
  return create(PodSchema, { uid, name, namespace, labels: { ...labels }, serviceAccount, netnsCookie })
}

/** Whether the manager keeps of a pod what the API server says of it now. */
export function isSamePod(kept: Pod, { labels, serviceAccount }: KubePod): boolean {
  const keys = Object.keys(labels)
  return (
    kept.serviceAccount === serviceAccount &&
    keys.length === Object.keys(kept.labels).length &&
    keys.every(key => kept.labels[key] === labels[key])
  )
}
