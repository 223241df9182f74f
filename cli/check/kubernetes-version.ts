import type { Check, Finding } from './check.ts'
import type { Node } from './objects.ts'

/** Whether Kubernetes is new enough. */
export const kubernetesVersion: Check = {
  id: 'kubernetes-version',
  what: 'Kubernetes has matchConditions (1.30) and native side-cars (1.29), and no kubelet is newer than the API server',
  find: async facts => {
    const [version, nodes] = await Promise.all([facts.version(), facts.nodes()])
    return judgeVersion(version, nodes)
  },
}

/** Judges the versions of the API server and of the kubelets. */
export function judgeVersion(version: string, nodes: readonly Node[]): readonly Finding[] {
  const server = minorOf(version)
  const kubelet = ({ status }: Node) => minorOf(status?.nodeInfo?.kubeletVersion)
  return [
    ...(server === undefined || server >= 30
      ? []
      : [
          {
            severity: 'error' as const,
            object: 'API server',
            finding: `is ${version}: before 1.30 it does not evaluate matchConditions, so every pod goes through the webhook`,
            remedy: 'upgrade Kubernetes to 1.30 or later',
          },
        ]),
    ...kubelets(
      nodes.filter(node => (kubelet(node) ?? 29) < 29),
      {
        finding: 'are older than 1.29 and have no native side-cars',
        remedy: 'upgrade them, or set NSM_WEBHOOK_NATIVE_SIDECARS=off for mode sidecar',
      },
    ),
    ...kubelets(
      nodes.filter(node => server !== undefined && (kubelet(node) ?? 0) > server),
      {
        finding: `are newer than the API server (${version}), which Kubernetes does not support: it may drop fields of injected pods that they rely on`,
        remedy: 'upgrade the API server first: https://kubernetes.io/releases/version-skew-policy/',
      },
    ),
  ]
}

function kubelets(nodes: readonly Node[], { finding, remedy }: Pick<Finding, 'finding' | 'remedy'>) {
  if (nodes.length === 0) return []
  const names = nodes.slice(0, 3).map(({ metadata }) => metadata?.name ?? '')
  return [
    {
      severity: 'warning' as const,
      object: `Nodes ${names.join(', ')}${nodes.length > 3 ? ', ...' : ''}`,
      finding: `${nodes.length} kubelets ${finding}`,
      remedy,
    },
  ]
}

/** `v1.34.4` is 34; undefined for a version that cannot be read. */
function minorOf(version = ''): number | undefined {
  const minor = /^v?1\.(\d+)/.exec(version)?.[1]
  return minor === undefined ? undefined : Number(minor)
}
