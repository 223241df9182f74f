import { type KubeApi, KubeApiError } from '#kube/api.ts'
import { newPatience } from '#kube/patience.ts'
import { isObject, type JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { pause } from '#sdk/workspace/pause.ts'
import { supernets } from './supernets.ts'

/** What asking for the prefixes of a cluster depends on. */
export interface ClusterPrefixesOptions {
  readonly api: Pick<KubeApi, 'call'>
  readonly log: Log
  /** Milliseconds between two questions; default an hour, and sooner after a failure. */
  readonly everyMs?: number
}

const hour = 3_600_000

/** Bounds of the wait after a failure, in milliseconds: until they are known, connections may take addresses of the cluster. */
const waits = { first: 500, most: 60_000 }

/** Nodes that are asked for at a time. */
const pageSize = 250

/**
 * The addresses that pods and services of the cluster have, which no connection may use: the supernet of the nodes' pod
 * CIDRs, and the ServiceCIDRs (Kubernetes 1.33). Both hardly ever change, so they are asked for, not watched; in a cluster of
 * many hundred nodes EXCLUDED_PREFIXES saves the question. A network plug-in that gives nodes no pod CIDR leaves it out.
 */
export class ClusterPrefixes implements AsyncDisposable {
  readonly #options: ClusterPrefixesOptions
  readonly #stop = new AbortController()
  readonly #first = Promise.withResolvers<void>()
  readonly #asking: Promise<void>
  #prefixes: readonly string[] = []

  constructor(options: ClusterPrefixesOptions) {
    this.#options = options
    this.#asking = this.#ask()
  }

  /** What is known so far. */
  get(): readonly string[] {
    return this.#prefixes
  }

  /** Waits until they were asked for once, with or without success, at most `ms` milliseconds. */
  async ready(ms: number): Promise<void> {
    const enough = new AbortController()
    await Promise.race([this.#first.promise, pause(ms, AbortSignal.any([enough.signal, this.#stop.signal]))])
    enough.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new NsmError('CANCELLED', 'the manager ends'))
    await this.#asking
  }

  async #ask(): Promise<void> {
    const { log, everyMs = hour } = this.#options
    const { signal } = this.#stop
    const patience = newPatience(waits)
    let said = ''
    while (!signal.aborted) {
      let wait = everyMs
      try {
        const found = [...(await this.#podCidrs()), ...(await this.#serviceCidrs())]
        if (found.join() !== this.#prefixes.join())
          log.info({ prefixes: found }, 'no connection may use the prefixes of the cluster')
        this.#prefixes = found
        patience.succeeded()
        said = ''
      } catch (thrown) {
        if (signal.aborted) return
        wait = Math.min(everyMs, patience.failed(thrown))
        const reason = NsmError.from(thrown).message
        log[reason === said ? 'debug' : 'warn']({ reason }, 'the prefixes of the cluster are not known')
        said = reason
      }
      this.#first.resolve()
      await pause(wait, signal)
    }
  }

  async #podCidrs(): Promise<readonly string[]> {
    const cidrs: string[] = []
    let proceed = ''
    do {
      const query = new URLSearchParams({
        limit: String(pageSize),
        ...(proceed === '' ? {} : { continue: proceed }),
      })
      const page = await this.#get(`/api/v1/nodes?${query.toString()}`)
      cidrs.push(...itemsOf(page).flatMap(node => textsAt(node, 'podCIDRs')))
      const next = isObject(page['metadata']) ? page['metadata']['continue'] : ''
      proceed = typeof next === 'string' ? next : ''
    } while (proceed !== '')
    return supernets(cidrs)
  }

  async #serviceCidrs(): Promise<readonly string[]> {
    try {
      const list = await this.#get('/apis/networking.k8s.io/v1/servicecidrs')
      return itemsOf(list).flatMap(each => textsAt(each, 'cidrs'))
    } catch (thrown) {
      // An API server before 1.33 has none.
      if (thrown instanceof KubeApiError && thrown.status === 404) return []
      throw thrown
    }
  }

  #get(path: string): Promise<JsonObject> {
    return this.#options.api.call({ method: 'GET', path, signal: this.#stop.signal })
  }
}

function itemsOf({ items }: JsonObject): readonly JsonObject[] {
  return Array.isArray(items) ? items.filter(isObject) : []
}

function textsAt({ spec }: JsonObject, key: string): readonly string[] {
  const texts = isObject(spec) ? spec[key] : undefined
  return Array.isArray(texts) ? texts.filter(text => typeof text === 'string') : []
}
