/** A review to post. */
export interface Body {
  readonly name: string
  readonly text: string
}

/** Sizes by name: containers, and environment variables of each. */
const sizes = {
  '2.2 KB': { containers: 1, env: 2 },
  '20 KB': { containers: 3, env: 80 },
  '155 KB': { containers: 1, env: 2_000 },
  '1 MB': { containers: 4, env: 3_400 },
} as const

/** The name of a size of body. */
export type Size = keyof typeof sizes

/** All sizes, small ones first. */
export const sizeNames = Object.keys(sizes) as readonly Size[]

/** The review of a pod as a ReplicaSet makes it, in the order of fields in which the API server writes it. */
export function body(size: Size, kind: 'annotated' | 'plain'): Body {
  const annotations =
    kind === 'annotated' ? { 'networkservicemesh.io': 'kernel://my-service/nsm-1?app=web' } : {}
  return {
    name: `${size} ${kind}`,
    text: JSON.stringify(review(pod(size, { 'example.org/team': 'a', ...annotations }))),
  }
}

const metadata = {
  generateName: 'web-7d4f5c6b8-',
  namespace: 'default',
  annotations: { 'networkservicemesh.io': 'kernel://my-service/nsm-1?app=web' },
}

function pod(size: Size, annotations: Readonly<Record<string, string>>): object {
  const { containers, env } = sizes[size]
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      ...metadata,
      creationTimestamp: null,
      labels: { app: 'web', 'pod-template-hash': '7d4f5c6b8' },
      annotations,
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'web-7d4f5c6b8',
          uid: '0d6a7d6f-1f4f-4f0e-8a61-6f3c0f6d9c11',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: [
        {
          manager: 'kube-controller-manager',
          operation: 'Update',
          apiVersion: 'v1',
          time: '2026-01-01T00:00:00Z',
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:metadata': { 'f:generateName': {}, 'f:labels': { '.': {}, 'f:app': {} } },
            'f:spec': { 'f:containers': {} },
          },
        },
      ],
    },
    spec: {
      volumes: [
        {
          name: 'kube-api-access',
          projected: {
            sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }],
            defaultMode: 420,
          },
        },
      ],
      containers: Array.from({ length: containers }, (_, index) => container(index, env)),
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      securityContext: {},
      schedulerName: 'default-scheduler',
    },
    status: {},
  }
}

function container(index: number, env: number): object {
  return {
    name: `container-${index}`,
    image: 'registry.example.org/team/application:1.2.3',
    env: Array.from({ length: env }, (_, at) => ({
      name: `SOME_VARIABLE_${at}`,
      value: `the value of variable number ${at}`,
    })),
    resources: { limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
    volumeMounts: [
      { name: 'kube-api-access', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ],
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
  }
}

function review(object: object): object {
  const kind = { group: '', version: 'v1', kind: 'Pod' }
  const resource = { group: '', version: 'v1', resource: 'pods' }
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      namespace: 'default',
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        uid: '2f1b7c56-3f56-4a57-9d5c-6d8f3b0a1e22',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
      },
      object,
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  }
}
