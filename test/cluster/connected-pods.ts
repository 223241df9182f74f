import type { Cluster } from './cluster.ts'

/** One pod of a Deployment. */
export interface PodOf {
  readonly namespace: string
  readonly pod: string
  readonly uid: string
  readonly node: string
}

const deployment = (
  name: string,
  { node, template }: { readonly node: string; readonly template: string },
) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
${template.replaceAll(/^/gm, '    ')}
      terminationGracePeriodSeconds: 1
      nodeSelector: {${node === '' ? '' : `kubernetes.io/hostname: ${node}`}}
---`

/** A Deployment of one endpoint of the service `steady`; without a node, on any. */
export const gateway = (name: string, node = ''): string =>
  deployment(name, {
    node,
    template: `metadata: {labels: {app: ${name}}}
spec:
  containers:
    - name: nse
      image: networkservicemesh/sidecar-nse:latest
      env:
        - {name: ENDPOINT_NETWORK_SERVICE, value: steady}
        - {name: IP_ADDRESS, value: 10.88.0.0/24}
      resources: {limits: {networkservicemesh.io/socket: "1"}}`,
  })

/** A Deployment of one client of it; without a node, on any. */
export const client = (name: string, node = ''): string =>
  deployment(name, {
    node,
    template: `metadata: {labels: {app: ${name}}, annotations: {ns.networkservicemesh.io: steady}}
spec:
  containers:
    - {name: shell, image: busybox, command: [sleep, infinity]}`,
  })

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string }
  readonly spec: { readonly nodeName?: string }
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

/** The pods of a Deployment that are not on their way out. */
export async function podsOf(
  cluster: Pick<Cluster, 'kubectl'>,
  namespace: string,
  app: string,
): Promise<readonly Pod[]> {
  const said = await cluster.kubectl(`-n ${namespace} get pods -l app=${app} -o json`)
  const { items } = JSON.parse(said) as { readonly items: readonly Pod[] }
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
}

/** Waits until a Deployment has a pod that is Ready, which failed ones before it do not hinder. */
export async function readyPod(
  cluster: Pick<Cluster, 'kubectl' | 'waitFor'>,
  namespace: string,
  app: string,
): Promise<PodOf> {
  const { metadata, spec } = await cluster.waitFor(
    async () =>
      (await podsOf(cluster, namespace, app)).find(({ status }) =>
        status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      ),
    { what: `the pod of ${app} is Ready`, within: 180_000 },
  )
  return { namespace, pod: metadata.name, uid: metadata.uid, node: spec.nodeName ?? '' }
}

/** The reasons of the Events of a pod. */
export async function reasonsOf(
  cluster: Pick<Cluster, 'kubectl'>,
  { namespace, pod }: PodOf,
): Promise<readonly string[]> {
  const said = await cluster.kubectl(
    `-n ${namespace} get events --field-selector involvedObject.name=${pod} -o jsonpath={.items[*].reason}`,
  )
  return said.split(' ')
}

/** Waits until all programs of the mesh are rolled out. */
export async function untilMeshRuns(cluster: Pick<Cluster, 'kubectl' | 'waitFor'>): Promise<void> {
  for (const name of [
    'deployment/nsm-webhook',
    'deployment/nsm-issuer',
    'ds/nsm-manager',
    'ds/nsm-forwarder',
  ])
    await cluster.waitFor(
      async () =>
        (await cluster.kubectl(`-n nsm-system rollout status ${name} --watch=false`)).includes(
          'successfully rolled out',
        ),
      { what: `${name} runs`, within: 180_000 },
    )
}
