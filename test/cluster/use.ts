import type { Cluster } from './cluster.ts'

/** An endpoint as a Deployment of one pod that ends at once. */
export interface EndpointOptions {
  readonly name: string
  readonly service: string
  /** CIDR; default 10.63.1.0/24. */
  readonly addresses?: string
  /** Default 1. */
  readonly replicas?: number
}

/** The side-car that offers a service, and a shell. */
export function endpointDeployment({
  name,
  service,
  addresses = '10.63.1.0/24',
  replicas = 1,
}: EndpointOptions) {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: busybox
          command: [sleep, infinity]
        - name: nse
          image: networkservicemesh/sidecar-nse:test
          env:
            - {name: ENDPOINT_NETWORK_SERVICE, value: ${service}}
            - {name: IP_ADDRESS, value: ${addresses}}
          resources: {limits: {networkservicemesh.io/socket: "1"}}
`
}

/** A client as a Deployment of one pod that ends at once. */
export interface ClientOptions {
  readonly name: string
  /** Its annotation; none is not annotated. */
  readonly service?: string
  /** With a shell; default busybox. */
  readonly image?: string
  /** More of the Deployment's spec, YAML. */
  readonly spec?: string
}

/** A workload that is annotated itself, with a shell. */
export function clientDeployment({ name, service, image = 'busybox', spec = '' }: ClientOptions) {
  const annotations = service === undefined ? '{}' : `{ns.networkservicemesh.io: "${service}"}`
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, annotations: ${annotations}}
spec:
  ${spec}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: ${image}
          command: [sleep, infinity]
`
}

/** What tests of use look at in one namespace. */
export interface Ground {
  /** Runs kubectl in it; the arguments are parted by spaces. */
  readonly get: (args: string) => Promise<string>
  /** The pods of an app that do not end, the oldest first. */
  readonly pods: (app: string) => Promise<readonly PodSeen[]>
  /** Resolves when a workload is rolled out and the pods that were replaced are gone; to its pods. */
  readonly rolledOut: (workload: string) => Promise<readonly PodSeen[]>
  /** The interfaces of a pod besides the loopback. */
  readonly links: (pod: string) => Promise<readonly string[]>
  /** The first IPv4 address of an interface in a pod. */
  readonly address: (pod: string, link: string) => Promise<string>
  /** Pings the other end of an interface, and then from that end's pod this one, if it is named. */
  readonly ping: (from: string, link: string, backFrom?: string) => Promise<void>
}

/** What is read of a pod. */
export interface PodSeen {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly creationTimestamp: string
    readonly deletionTimestamp?: string
  }
  readonly spec: { readonly nodeName?: string }
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

/** Looks at one namespace of a cluster. */
export function groundOf(cluster: Cluster, namespace: string): Ground {
  const get = (args: string) => cluster.kubectl(`-n ${namespace} ${args}`)
  const all = async (app: string) =>
    (JSON.parse(await get(`get pods -l app=${app} -o json`)) as { readonly items: readonly PodSeen[] }).items
  const ground: Ground = {
    get,
    async pods(app) {
      const living = (await all(app)).filter(pod => pod.metadata.deletionTimestamp === undefined)
      return living.toSorted((a, b) =>
        a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp),
      )
    },
    async rolledOut(workload) {
      await get(`rollout status ${workload} --timeout=120s`)
      const app = workload.replace(/.*\//, '')
      const count = /^daemonset/i.test(workload) ? '{.status.desiredNumberScheduled}' : '{.spec.replicas}'
      const wanted = Number(await get(`get ${workload} -o jsonpath=${count}`))
      return await cluster.waitFor(
        async () => {
          const pods = await all(app)
          return pods.length === wanted && pods
        },
        { what: `${workload} has ${wanted} pods and no old ones` },
      )
    },
    async links(pod) {
      const said = await get(`exec ${pod} -c app -- ls /sys/class/net`)
      return said
        .trim()
        .split(/\s+/)
        .filter(name => name !== 'lo')
    },
    async address(pod, link) {
      const said = await get(`exec ${pod} -c app -- ip -4 -o addr show ${link}`)
      return /inet ([0-9.]+)/.exec(said)?.[1] ?? ''
    },
    async ping(from, link, backFrom) {
      const own = await ground.address(from, link)
      const other = own.replace(/\d+$/, last => String(Number(last) + 1))
      await get(`exec ${from} -c app -- ping -c 2 -W 5 ${other}`)
      if (backFrom !== undefined) await get(`exec ${backFrom} -c app -- ping -c 2 -W 5 ${own}`)
    },
  }
  return ground
}
