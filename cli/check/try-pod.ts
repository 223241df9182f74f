import { type KubeApi, KubeApiError } from '#kube/api.ts'
import type { Pod } from '#kube/pod.ts'

/** What became of a pod that was tried. */
export type Trial =
  | { readonly made: true; readonly pod: Pod }
  | { readonly made: false; readonly status: number; readonly words: string }

/** Which pod to try, and where. */
export interface TrialOptions {
  readonly api: Pick<KubeApi, 'call'>
  readonly signal: AbortSignal
  readonly namespace: string
  readonly mode: 'init' | 'sidecar'
}

/**
 * Has the API server admit an annotated pod without making it (dry run), so that it calls the webhook as it does for
 * any pod. The pod meets the Pod Security Standard restricted. Throws API_UNAVAILABLE only when the server itself is away.
 */
export async function tryPod({ api, signal, namespace, mode }: TrialOptions): Promise<Trial> {
  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`
  try {
    return { made: true, pod: await api.call({ method: 'POST', path, body: samplePod(mode), signal }) }
  } catch (thrown) {
    if (!(thrown instanceof KubeApiError) || thrown.status === 0) throw thrown
    return { made: false, status: thrown.status, words: thrown.message }
  }
}

function samplePod(mode: TrialOptions['mode']): object {
  const amounts = { cpu: '1m', memory: '1Mi' }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'nsm-check-',
      annotations: { 'ns.networkservicemesh.io': 'nsm-check', 'networkservicemesh.io/mode': mode },
    },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'sample',
          image: 'registry.k8s.io/pause:3.10',
          resources: { requests: amounts, limits: amounts },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  }
}
