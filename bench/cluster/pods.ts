/** What a pod has besides its container: nothing, an init container that is bare Node, or the annotation. */
export type Kind = 'plain' | 'bare' | 'annotated'

/** One pod. */
export interface PodSpec {
  readonly name: string
  readonly kind: Kind
  readonly node: string
  /** What it is annotated with. */
  readonly service: string
}

/** A pod that does nothing, for which nothing is pulled, and that ends after a second. */
export function podOf({ name, kind, node, service }: PodSpec) {
  const bare = { name: 'bare', image: 'node:24', command: ['node', '-e', '0'] }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { bench: 'true' },
      annotations: kind === 'annotated' ? { 'ns.networkservicemesh.io': service } : {},
    },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': node },
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      ...(kind === 'bare' ? { initContainers: [bare] } : {}),
      containers: [{ name: 'shell', image: 'busybox:1', command: ['sleep', 'infinity'] }],
    },
  }
}

/** A pod on a node that offers a service. */
export function endpointOf(name: string, service: string, node: string) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': node },
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'nse',
          image: 'networkservicemesh/sidecar-nse:test',
          env: [
            { name: 'ENDPOINT_NETWORK_SERVICE', value: service },
            { name: 'IP_ADDRESS', value: '10.88.0.0/16' },
          ],
          resources: { limits: { 'networkservicemesh.io/socket': '1' } },
        },
      ],
    },
  }
}
