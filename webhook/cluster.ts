import type { KubeApi } from '#kube/api.ts'
import { connectApi } from '#kube/connect-api.ts'
import type { Config } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { sendEvents } from '#webhook/events/send-events.ts'
import type { InheritedAnnotations, OutcomeEvents } from '#webhook/http/answer.ts'
import type { Metrics } from '#webhook/metrics/metrics.ts'
import { watchNamespaces } from '#webhook/namespaces/watch-namespaces.ts'
import type { config } from './config.ts'
import { type PatchSettings, patchSettings } from './settings.ts'

/** What the webhook has from the cluster around it. */
export interface Cluster extends AsyncDisposable {
  /** Undefined on a machine without Kubernetes. */
  readonly api: KubeApi | undefined
  readonly settings: PatchSettings
  readonly namespaces: InheritedAnnotations
  readonly events: OutcomeEvents
  /** Why questions could not be answered now; undefined when they can. */
  readyReason(): string | undefined
}

/** What joining needs. */
export interface JoinOptions {
  readonly values: Config<typeof config>
  readonly metrics: Metrics
  readonly log: Log
}

/** Joins the cluster that the configuration names, if it names one. Throws BAD_CONFIG. */
export async function joinCluster(options: JoinOptions, signal: AbortSignal): Promise<Cluster> {
  const { values, metrics, log } = options
  if (values.apiHost === '' && values.kubeconfig === '') return alone(values)
  await using held = new AsyncDisposableStack()
  const { kubeconfig } = values
  const api = held.use(await connectApi(kubeconfig === '' ? 'in-cluster' : { kubeconfig }))
  // Not ended by the signal: what pods inherit is needed until the last request is answered.
  const namespaces = held.use(watchNamespaces({ api, log, signal: new AbortController().signal }))
  const events = values.events
    ? held.use(
        sendEvents({ api, log, instance: values.podName, onResult: result => metrics.eventSent(result) }),
      )
    : silentEvents
  const settings = patchSettings(values, await sidecarsOf(api, log, signal))
  const all = held.move()
  return {
    api,
    settings,
    namespaces,
    events,
    readyReason: () => (namespaces.isSynced() ? undefined : 'the list of namespaces has not arrived yet'),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

const silentEvents: OutcomeEvents = { record: () => undefined }

/** Without a cluster nobody inherits, nobody is told, and nothing is too old. */
function alone(values: Config<typeof config>): Cluster {
  return {
    api: undefined,
    settings: patchSettings(values),
    namespaces: {
      annotationsOf: async namespace => {
        throw new NsmError(
          'API_UNAVAILABLE',
          `what the pods of namespace ${namespace} inherit is not known: the webhook was started without an API server`,
        )
      },
    },
    events: silentEvents,
    readyReason: () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** Minor version of the first API server whose oldest kubelets (three versions behind) have native side-cars. */
const firstNative = 32

async function sidecarsOf(api: KubeApi, log: Log, signal: AbortSignal): Promise<PatchSettings['sidecars']> {
  try {
    const { minor } = await api.call({ method: 'GET', path: '/version', signal })
    return Number.parseInt(String(minor), 10) < firstNative ? 'container' : 'native'
  } catch (error) {
    log.warn({ err: error }, 'the version of the API server is not known; side-cars will be native')
    return 'native'
  }
}
