import type { Check, Finding } from './check.ts'
import type { Node } from './objects.ts'

/** Whether Kubernetes is new enough. */
export const kubernetesVersion: Check = {
  id: 'kubernetes-version',
  what: 'Kubernetes has matchConditions (1.30) and native side-cars (1.29)',
  find: async facts => {
    const [version, nodes] = await Promise.all([facts.version(), facts.nodes()])
    return judgeVersion(version, nodes)
  },
}

/** Judges the versions of the API server and of the kubelets. */
export function judgeVersion(version: string, nodes: readonly Node[]): readonly Finding[] {
  const old = nodes.filter(node => minorOf(node.status?.nodeInfo?.kubeletVersion) < 29)
  const server: readonly Finding[] =
    minorOf(version) < 30
      ? [
          {
            severity: 'error',
            object: 'API server',
            finding: `is ${version}: before 1.30 it does not evaluate matchConditions, so every pod goes through the webhook`,
            remedy: 'upgrade Kubernetes to 1.30 or later',
          },
        ]
      : []
  if (old.length === 0) return server
  const names = old.slice(0, 3).map(({ metadata }) => metadata?.name ?? '')
  return [
    ...server,
    {
      severity: 'warning',
      object: `Nodes ${names.join(', ')}${old.length > 3 ? ', ...' : ''}`,
      finding: `${old.length} kubelets are older than 1.29 and have no native side-cars`,
      remedy: 'upgrade them, or set NSM_WEBHOOK_NATIVE_SIDECARS=off for mode sidecar',
    },
  ]
}

/** `v1.34.4` is 34; a version that cannot be read is as new as can be. */
function minorOf(version = ''): number {
  const minor = /^v?1\.(\d+)/.exec(version)?.[1]
  return minor === undefined ? Number.POSITIVE_INFINITY : Number(minor)
}
