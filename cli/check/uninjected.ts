import { isAlive } from '#cli/cluster/is-alive.ts'
import { annotationsOf, controllerOf, describeObject } from '#kube/meta.ts'
import { readConfig } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import { inheritLabel } from '#webhook/names.ts'
import { patchPod } from '#webhook/patch.ts'
import { type Rule, rulesThatHold, subjectOf } from '#webhook/rules.ts'
import { patchConfig, patchSettings } from '#webhook/settings.ts'
import type { Check, Finding } from './check.ts'
import { isInjected } from './is-injected.ts'
import type { Configuration, Stored, StoredPod } from './objects.ts'

/** What the pods are judged by. */
interface Question {
  readonly pods: readonly StoredPod[]
  readonly namespaces: readonly Stored[]
  readonly configuration: Configuration | undefined
}

/** Whether pods that ask for network services run without them. */
export const uninjected: Check = {
  id: 'uninjected-pods',
  what: 'every pod that asks for network services has the container',
  find: async facts => {
    const [pods, namespaces, configuration] = await Promise.all([
      facts.pods(),
      facts.namespaces(),
      facts.configuration(),
    ])
    return judgeUninjected({ pods, namespaces, configuration })
  },
}

/** What the decision about a pod depends on when nothing is set; only the ignored namespaces matter here. */
const settings = patchSettings(readConfig(patchConfig, {}))

/** Judges the pods that have no container of ours, with the likely reason. */
export function judgeUninjected({ pods, namespaces, configuration }: Question): readonly Finding[] {
  const inherited = new Map(
    namespaces
      .filter(({ metadata }) => metadata?.labels?.[inheritLabel] === 'true')
      .map(namespace => [namespace.metadata?.name, annotationsOf(namespace)]),
  )
  return pods.flatMap(pod => {
    if (!isAlive(pod) || isInjected(pod)) return []
    const passedOn = inherited.get(pod.metadata?.namespace)
    const why = reasonOf(pod, { inherited: passedOn, configuration })
    return why === undefined ? [] : [{ object: describeObject(pod, 'Pod'), ...why }]
  })
}

type Why = Omit<Finding, 'object'>

interface Around {
  readonly inherited: Readonly<Record<string, string>> | undefined
  readonly configuration: Configuration | undefined
}

/** Undefined when the pod does not ask. */
function reasonOf(pod: StoredPod, { inherited, configuration }: Around): Why | undefined {
  const context = { settings, ...(inherited === undefined ? {} : { inherited }) }
  const subject = subjectOf(pod, context)
  if (subject.asked === undefined) return undefined
  const [rule] = rulesThatHold(subject)
  if (rule !== undefined) return isOfFile(rule) && subject.asked.by === 'pod' ? ofFile : skipped(rule)
  try {
    patchPod(pod, context)
  } catch (thrown) {
    // What would be refused now was let in while the webhook was away.
    return runs(NsmError.from(thrown).message, 'correct the annotation, and make the pod again')
  }
  return likely(pod, subject.asked.by, configuration)
}

/** Said of a static pod whose own file asks; one in a namespace that asks is in there with others that were meant. */
const ofFile: Why = {
  severity: 'warning',
  finding:
    'asks for network services, but it is a static pod: kubelet runs it from a file, and the API server, which has only a mirror of it, can change nothing; it gets none',
  remedy: 'make it a DaemonSet or a Deployment, or remove the annotation from its file on the node',
}

function isOfFile({ reason }: Rule): boolean {
  return reason === 'mirror-pod' || reason === 'static-pod'
}

function skipped({ meaning, warning }: { readonly meaning: string; readonly warning?: string }): Why {
  return warning === undefined
    ? { severity: 'note', finding: `is not injected because ${meaning}`, remedy: 'nothing, if that is meant' }
    : { severity: 'warning', finding: warning, remedy: 'remove the annotation, or what stands against it' }
}

function likely(pod: StoredPod, by: 'pod' | 'namespace', configuration: Configuration | undefined): Why {
  const again = makeAgain(pod)
  const installed = configuration?.metadata?.creationTimestamp
  if (installed === undefined)
    return runs('the webhook is not installed', 'install it, then make the pod again')
  if (Date.parse(pod.metadata?.creationTimestamp ?? '') < Date.parse(installed))
    return runs('it was made before the webhook was installed', again)
  const ignores = (configuration?.webhooks ?? []).some(({ failurePolicy }) => failurePolicy === 'Ignore')
  const late =
    by === 'pod' ? 'the annotation came after the pod was made' : 'it was made before its namespace asked'
  return runs(ignores ? `${late}, or the webhook was down and failurePolicy Ignore let it pass` : late, again)
}

function runs(why: string, remedy: string): Why {
  return {
    severity: 'warning',
    finding: `asks for network services and runs without them; likely because ${why}`,
    remedy,
  }
}

function makeAgain(pod: StoredPod): string {
  const { name = '', namespace = 'default' } = pod.metadata ?? {}
  const controller = controllerOf(pod)
  const remove = `kubectl -n ${namespace} delete pod ${name}`
  if (controller === undefined) return `make it again: ${remove}, then apply it`
  return `${remove}; ${controller.kind} ${controller.name} makes it again`
}
