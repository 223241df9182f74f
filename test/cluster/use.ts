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
  /** YAML of the pods' spec, and of the Deployment's, in one line each. */
  readonly pod?: string
  readonly spec?: string
}

/** A workload that is annotated itself, with a shell. */
export function clientDeployment({ name, service, pod = '', spec = '' }: ClientOptions) {
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
      ${pod}
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: busybox
          command: [sleep, infinity]
`
}
