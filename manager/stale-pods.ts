import type { Registry } from '#registry/registry.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import type { Connections } from './connections.ts'
import type { Pods } from './pods.ts'
import { podName } from './request.ts'

/** What forgetting pods depends on. */
export interface StalePodsOptions {
  readonly pods: Pods
  readonly connections: Connections
  readonly registry: Registry
  readonly forget: (pod: Pod) => Promise<void>
  readonly log: Log
  /** Milliseconds between the runner's first word and the first look. */
  readonly graceMs: number
}

/**
 * Forgets pods that ended while no manager was there to be told: the runner, once it speaks again, tells of all that
 * live. One that still has a connection or a living endpoint is left alone, whoever forgot to tell of it.
 */
export class StalePods implements Disposable {
  readonly #options: StalePodsOptions
  #timer: NodeJS.Timeout | undefined

  constructor(options: StalePodsOptions) {
    this.#options = options
  }

  /** The runner has told of a pod; the first time begins the wait. */
  runnerSpoke(): void {
    const { pods, graceMs } = this.#options
    if (this.#timer !== undefined || pods.unconfirmed().length === 0) return
    this.#timer = setInterval(() => void this.#look(), graceMs)
    this.#timer.unref()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    const { pods, connections, registry, forget, log } = this.#options
    const endpoints = await registry.endpoints.list()
    const isIdle = ({ uid }: Pod): boolean =>
      connections.ofPod(uid).length === 0 && !endpoints.some(({ pod }) => pod.uid === uid)
    for (const pod of pods.unconfirmed().filter(isIdle)) {
      try {
        await forget(pod)
        log.info({ pod: podName(pod) }, `forgot ${podName(pod)}, which ended while no manager was there`)
      } catch (thrown) {
        log.warn(
          { pod: podName(pod), reason: NsmError.from(thrown).message },
          `could not forget ${podName(pod)}`,
        )
      }
    }
    if (pods.unconfirmed().length === 0) clearInterval(this.#timer)
  }
}
