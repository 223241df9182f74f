import { dnsAddress } from './facts.ts'

const name = 'coredns'
const namespace = 'kube-system'
const labels = { 'k8s-app': 'kube-dns' }
const rbac = 'rbac.authorization.k8s.io'

const corefile = `.:53 {
  errors
  health :8080
  ready :8181
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    pods insecure
  }
  cache 5
}
`

/** What a cluster needs before it is usual: its DNS, and the right of the API server to ask kubelets. */
export function dnsObjects(kubeletClient: string): object {
  const metadata = { name, namespace }
  const items = [
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: kubeletClient },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'system:kubelet-api-admin' },
      subjects: [{ apiGroup: rbac, kind: 'User', name: kubeletClient }],
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name: `test:${name}` },
      rules: [
        { apiGroups: [''], resources: ['services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: `test:${name}` },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: `test:${name}` },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { Corefile: corefile } },
    deployment(metadata),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace },
      spec: {
        clusterIP: dnsAddress,
        selector: labels,
        ports: ['UDP', 'TCP'].map(protocol => ({ name: protocol.toLowerCase(), port: 53, protocol })),
      },
    },
  ]
  return { apiVersion: 'v1', kind: 'List', items }
}

function deployment(metadata: object): object {
  const container = {
    name,
    image: `localhost/${name}:test`,
    args: ['-conf', '/etc/coredns/Corefile'],
    volumeMounts: [{ name: 'config', mountPath: '/etc/coredns' }],
    readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 1 },
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          dnsPolicy: 'Default',
          // It is there again as soon as its node is.
          tolerations: [{ operator: 'Exists' }],
          containers: [container],
          volumes: [{ name: 'config', configMap: { name } }],
        },
      },
    },
  }
}
