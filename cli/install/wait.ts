import type { JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Target } from './apply.ts'
import { pathIn } from './discovery.ts'
import { called, listAt, type Manifest, textAt } from './object.ts'
import { whyNotRolledOut } from './rollout.ts'
import { type Step, step } from './step.ts'
import { until } from './until.ts'
import { waitingPods } from './waiting-pods.ts'

/** Milliseconds for saying why something was not there in time. */
const explanation = 10_000

/** Whether an object makes pods that are waited for. */
export function isWorkload({ kind }: Manifest): boolean {
  return kind === 'Deployment' || kind === 'DaemonSet'
}

/** Waits until a workload is as its template says on every node. Throws DEADLINE that says what its pods wait for. */
export async function* waitForRollout(target: Target, workload: Manifest): AsyncGenerator<Step> {
  const { discovery } = target
  const kind = await discovery(workload)
  const path = pathIn(kind, workload).replace(
    /\/[^/]+$/,
    `?fieldSelector=metadata.name%3D${workload.metadata.name}`,
  )
  let why = 'it does not exist'
  yield step(called(workload), 'waiting')
  const found = (objects: readonly JsonObject[]) => {
    const [live] = objects
    if (live === undefined) return undefined
    // What a watch tells has its kind, what a list tells has not.
    const reason = whyNotRolledOut({ kind: workload.kind, ...live })
    why = reason ?? ''
    return reason === undefined ? 'rolled out' : undefined
  }
  await until(target.api, { path, found, signal: target.signal }).catch(
    explained(target, workload, () => why),
  )
  yield step(called(workload), 'ready')
}

/** Waits until the webhook serves with a certificate of its own, which is before it is ready: that it is once it is asked. */
export async function* waitForWebhook(target: Target, deployment: Manifest): AsyncGenerator<Step> {
  const { api, signal } = target
  const { name, namespace = '' } = deployment.metadata
  yield step(called(deployment), 'waiting', 'until it serves')
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=app%3D${name}`
  const found = (pods: readonly JsonObject[]) => (pods.some(isStarted) ? 'serves' : undefined)
  const why = () => 'no pod of it serves'
  await until(api, { path, found, signal }).catch(explained(target, deployment, why))
  yield step(called(deployment), 'ready', 'it serves')
}

/** Waits until the API server serves what a definition defines. */
export async function waitForDefinition({ api, signal }: Target, definition: Manifest): Promise<void> {
  const { name } = definition.metadata
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldSelector=metadata.name%3D${name}`
  const found = ([live]: readonly JsonObject[]) =>
    listAt(live, 'status', 'conditions').find(
      ({ type, status }) => type === 'Established' && status === 'True',
    )
  await until(api, { path, found, signal })
}

function isStarted(pod: JsonObject): boolean {
  const containers = listAt(pod, 'status', 'containerStatuses')
  return containers.length > 0 && containers.every(container => container['started'] === true)
}

/** Makes a deadline say what the pods of the workload wait for. */
function explained({ api }: Target, workload: Manifest, why: () => string) {
  return async (cause: unknown): Promise<never> => {
    const error = NsmError.from(cause)
    if (error.code !== 'DEADLINE') throw error
    const { namespace = '', name } = workload.metadata
    const signal = AbortSignal.timeout(explanation)
    const app = textAt(workload, 'spec', 'selector', 'matchLabels', 'app') || name
    const pods = await waitingPods(api, { namespace, app, signal }).catch(() => '')
    throw new NsmError(
      'DEADLINE',
      `install: ${called(workload)} is not ready in time: ${[why(), pods].filter(text => text !== '').join('; ')}; what is applied stays, so when the cause is gone run it again (--wait gives it longer)`,
      { cause },
    )
  }
}
