import { describe, expect, it } from 'vitest'
import { kustomized } from '#cli/install/kustomize.ts'
import { isManifest, type Manifest } from '#cli/install/object.ts'
import { useCluster } from './cluster.ts'

const cluster = await useCluster()
await cluster.install()
const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' }
const objects = await kustomized('manifests/overlays/test')

describe('a namespace that enforces the Pod Security Standard restricted', () => {
  it.each(['init', 'sidecar'])(
    'has annotated pods in mode %s, endpoints with our side-car, and links between them',
    {
      timeout: 180_000,
    },
    async mode => {
      const namespace = await cluster.newNamespace('restricted', restricted)
      await cluster.apply(example(mode), namespace)
      await cluster.kubectl(`-n ${namespace} rollout status deployment/client --timeout=120s`)
      const links = await cluster.kubectl(
        `-n ${namespace} exec deployment/client -c app -- ls /sys/class/net`,
      )
      expect(links.trim().split(/\s+/).toSorted()).toEqual(['eth0', 'lo', 'nsm0'])
    },
  )

  it.each([
    { kind: 'Deployment', name: 'nsm-webhook', refused: [] },
    { kind: 'Deployment', name: 'nsm-issuer', refused: [] },
    {
      kind: 'DaemonSet',
      name: 'nsm-manager',
      refused: ['host namespaces (hostPID=true)', 'volume type "hostPath"', 'runAsUser=0'],
    },
    {
      kind: 'DaemonSet',
      name: 'nsm-forwarder',
      refused: [
        'host namespaces (hostNetwork=true, hostPID=true)',
        'must not include "NET_ADMIN"',
        'hostPath',
      ],
    },
  ])('takes the pods of $name but for $refused', async ({ kind, name, refused }) => {
    const namespace = await cluster.newNamespace('restricted', restricted)
    const made = await cluster
      .kubectl(`-n ${namespace} create --dry-run=server -f -`, { input: JSON.stringify(podOf(kind, name)) })
      .then(
        () => '',
        (thrown: unknown) => String(thrown),
      )
    if (refused.length === 0) expect(made).toBe('')
    for (const words of refused) expect(made).toContain(words)
    // Nothing else is asked for than what the manifest says.
    expect(made).not.toMatch(/privileged \(|unrestricted capabilities .*manager|SYS_MODULE/)
  })
})

/** The pod that a workload of the mesh makes, elsewhere. */
function podOf(kind: string, name: string): object {
  const workload = objects.find(object => object.kind === kind && object.metadata.name === name)
  const { template } = (
    workload as Manifest & { readonly spec: { readonly template: { readonly spec: object } } }
  ).spec
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { ...template.spec, serviceAccountName: 'default', priorityClassName: undefined },
  }
  if (!isManifest(pod)) throw new Error(`${name} makes no pod`)
  return pod
}

/** Applications that meet the standard themselves. */
function example(mode: string): string {
  const context = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
  const pod = { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } }
  const deployment = (name: string, template: object, annotations: object = {}) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations },
        spec: { securityContext: pod, ...template },
      },
    },
  })
  const endpoint = deployment('endpoint', {
    containers: [
      {
        name: 'nse-sidecar',
        image: 'networkservicemesh/sidecar-nse:test',
        env: [
          { name: 'ENDPOINT_NETWORK_SERVICE', value: 'strict' },
          { name: 'IP_ADDRESS', value: '10.61.0.0/24' },
        ],
        resources: { limits: { 'networkservicemesh.io/socket': '1' } },
        securityContext: context,
      },
    ],
  })
  const client = deployment(
    'client',
    {
      containers: [{ name: 'app', image: 'busybox', command: ['sleep', '3600'], securityContext: context }],
    },
    { 'ns.networkservicemesh.io': 'strict', 'networkservicemesh.io/mode': mode },
  )
  return [endpoint, client].map(object => JSON.stringify(object)).join('\n---\n')
}
