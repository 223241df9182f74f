import type { Check, Finding } from './check.ts'
import { isInjected } from './is-injected.ts'
import type { Trial } from './try-pod.ts'

/** Whether the API server, asked for an annotated pod, calls the webhook and gets the container. */
export const injection: Check = {
  id: 'injection',
  what: 'the API server reaches the webhook, and an annotated pod is injected (tried by dry run)',
  find: async facts => judgeTrial(await facts.trial('init')),
}

/** Judges what became of the tried pod. */
export function judgeTrial(trial: Trial): readonly Finding[] {
  const object = 'Pod nsm-check-*'
  if (trial.made)
    return isInjected(trial.pod)
      ? []
      : [
          {
            severity: 'error',
            object,
            finding:
              'was accepted without the container: the API server did not ask the webhook, or went on without an answer',
            remedy:
              'see the rows of webhook-configuration and webhook-endpoints; failurePolicy Ignore hides that the webhook cannot be reached',
          },
        ]
  const words = trial.words.replaceAll(/\s+/g, ' ')
  // The address that was called has a time-out in its query.
  const told = words.replaceAll(/"https?:[^"]*"/g, '')
  const known = causes.find(({ pattern }) => pattern.test(told)) ?? unknown
  return [{ severity: known.severity, object, finding: `${known.meaning}: ${words}`, remedy: known.remedy }]
}

interface Cause extends Pick<Finding, 'severity' | 'remedy'> {
  readonly pattern: RegExp
  readonly meaning: string
}

/** What API servers say, in the order in which it is looked for. */
const causes: readonly Cause[] = [
  {
    pattern: /violates PodSecurity/i,
    severity: 'error',
    meaning: 'the Pod Security level of the namespace refuses the pod',
    remedy: 'the row of pod-security names what the level refuses',
  },
  {
    pattern: /exceeded quota|must specify/i,
    severity: 'warning',
    meaning: 'a quota of the namespace refuses the pod, so nothing could be tried',
    remedy: 'try another namespace with --namespace, or raise the quota',
  },
  {
    pattern: /serviceaccount .* not found|namespaces? ".*" not found/i,
    severity: 'warning',
    meaning: 'the namespace is not ready for pods, so nothing could be tried',
    remedy: 'try another namespace with --namespace',
  },
  {
    pattern: /no endpoints available|service ".*" not found/i,
    severity: 'error',
    meaning: 'there is no webhook to ask',
    remedy: 'see the row of webhook-endpoints',
  },
  {
    pattern: /x509|tls:|certificate/i,
    severity: 'error',
    meaning: 'the API server does not trust the webhook',
    remedy: 'see the row of webhook-certificate; nsm certs check tells more',
  },
  {
    pattern: /connection refused/i,
    severity: 'error',
    meaning: 'the API server reaches the pod of the webhook, but nothing listens there',
    remedy:
      'the targetPort of Service nsm-webhook must be the port of NSM_WEBHOOK_LISTEN; with hostNetwork another program may have taken it',
  },
  {
    pattern: /deadline exceeded|timeout|timed out|no route to host|network is unreachable/i,
    severity: 'error',
    meaning: 'the API server does not reach the webhook',
    remedy:
      'let the control plane reach the pods on TCP port 8443 (firewall of the nodes, network policy); where it cannot reach pod addresses at all, run the webhook with hostNetwork: true',
  },
  {
    pattern: /admission webhook "[^"]*networkservicemesh\.io" denied/,
    severity: 'error',
    meaning: 'the webhook refuses a correct pod, so it is of another version',
    remedy: 'use the nsm of the same version as the webhook',
  },
  {
    pattern: /failed calling webhook/i,
    severity: 'error',
    meaning: 'the webhook failed',
    remedy: 'kubectl -n nsm-system logs -l app=nsm-webhook',
  },
  {
    pattern: /forbidden/i,
    severity: 'warning',
    meaning: 'you may not make pods there, so nothing could be tried',
    remedy: 'try a namespace in which you may, with --namespace, or another --context',
  },
]

const unknown: Omit<Cause, 'pattern'> = {
  severity: 'error',
  meaning: 'the API server refuses an annotated pod',
  remedy: 'see whether it refuses the same pod without the annotation ns.networkservicemesh.io',
}
