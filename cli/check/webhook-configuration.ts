import { inheritLabel } from '#webhook/names.ts'
import type { Check, Finding } from './check.ts'
import type { Configuration, Stored, WebhookEntry } from './objects.ts'
import { selects } from './selects.ts'

/** What the configuration is judged by. */
interface Question {
  readonly configuration: Configuration | undefined
  readonly namespaces: readonly Stored[]
  /** The mesh's own. */
  readonly own: string
}

/** Whether the API server asks the webhook, about the right objects, and what it does without an answer. */
export const webhookConfiguration: Check = {
  id: 'webhook-configuration',
  what: 'the API server asks the webhook about annotated objects, and about no others',
  find: async facts => {
    const [configuration, namespaces, own] = await Promise.all([
      facts.configuration(),
      facts.namespaces(),
      facts.meshNamespace(),
    ])
    return judgeConfiguration({ configuration, namespaces, own })
  },
}

/** Judges the configuration. */
export function judgeConfiguration({ configuration, namespaces, own }: Question): readonly Finding[] {
  const entries = configuration?.webhooks ?? []
  if (entries.length === 0)
    return [
      {
        severity: 'error',
        object: `${kind} nsm-webhook`,
        finding:
          configuration === undefined
            ? 'does not exist: no pod is injected'
            : 'has no entries: no pod is injected',
        remedy: 'nsm install',
      },
    ]
  return entries.flatMap(entry => [
    ...selectsWrongly(entry, namespaces, own),
    ...asksForAll(entry),
    ...otherPolicy(entry),
  ])
}

const kind = 'MutatingWebhookConfiguration'

function selectsWrongly(entry: WebhookEntry, namespaces: readonly Stored[], own: string): readonly Finding[] {
  return [own, 'kube-system'].flatMap(name => {
    const labels = namespaces.find(({ metadata }) => metadata?.name === name)?.metadata?.labels ?? {}
    if (!selects(entry.namespaceSelector, { ...labels, 'kubernetes.io/metadata.name': name })) return []
    return {
      severity: 'error' as const,
      object: describe(entry),
      finding: `selects namespace ${name}: should the webhook be down, what makes the cluster work might wait for it, and it for that`,
      remedy: `add to its namespaceSelector: {key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system, ${own}]}`,
    }
  })
}

/** Without a condition, and without the label that few namespaces have, every object waits for the webhook. */
function asksForAll(entry: WebhookEntry): readonly Finding[] {
  const narrow = entry.namespaceSelector?.matchLabels?.[inheritLabel] !== undefined
  if ((entry.matchConditions ?? []).length > 0 || narrow) return []
  const fails = (entry.failurePolicy ?? 'Fail') === 'Fail'
  return [
    {
      severity: fails ? 'error' : 'warning',
      object: describe(entry),
      finding: `has no matchConditions: objects without an annotation go through the webhook too${fails ? ', and cannot be made while it is down' : ''}`,
      remedy: 'nsm install (Kubernetes 1.30 or later)',
    },
  ]
}

/** Shipped is Fail. Ignoring is a choice that the manifest offers for pods that inherit; it hides an outage of the others. */
function otherPolicy(entry: WebhookEntry): readonly Finding[] {
  if (entry.failurePolicy !== 'Ignore') return []
  return [
    {
      severity: entry.name === inheritedEntry ? 'note' : 'warning',
      object: describe(entry),
      finding:
        'has failurePolicy Ignore: while the webhook is down, what asks for network services is made without them',
      remedy: 'set failurePolicy: Fail, unless that is meant',
    },
  ]
}

const inheritedEntry = 'inherited.networkservicemesh.io'

function describe({ name = 'without a name' }: WebhookEntry): string {
  return `${kind} nsm-webhook, entry ${name}`
}
