import type { KubeApi } from '#kube/api.ts'
import { silent } from '#sdk/log.ts'

/** What became of a pod. */
export interface Seen {
  readonly uid: string
  /** `performance.now()` when the watch told it. */
  readonly at: number
}

/** What pods of a namespace do, told by a watch: kubelet's own timestamps are whole seconds. */
export interface PodWatch extends AsyncDisposable {
  /** Resolves when a pod is Ready, with nothing when it fails. Rejects after five minutes. */
  ready(name: string): Promise<Seen | undefined>
  /** Resolves when there is no pod but those that are named. Rejects after five minutes. */
  onlyLeft(names: readonly string[]): Promise<void>
  /** Names of the pods that failed, those that kubelet did not admit among them. */
  readonly failed: ReadonlySet<string>
}

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string }
  readonly status?: {
    readonly phase?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

const patience = 300_000

/** Watches the pods of a namespace. */
export function watchPods(api: KubeApi, namespace: string): PodWatch {
  const stop = new AbortController()
  const present = new Set<string>()
  const readyAt = new Map<string, Seen>()
  const failed = new Set<string>()
  const waiting = new Set<() => void>()
  const follow = async (): Promise<void> => {
    const path = `/api/v1/namespaces/${namespace}/pods`
    for await (const { type, object } of api.watch({ path, signal: stop.signal, log: silent })) {
      if (type === 'SYNCED') continue
      const { metadata, status } = object as unknown as Pod
      const { name, uid } = metadata
      if (type === 'DELETED') {
        present.delete(name)
        readyAt.delete(name)
      } else {
        present.add(name)
        if (status?.phase === 'Failed') failed.add(name)
        const isReady = status?.conditions?.some(one => one.type === 'Ready' && one.status === 'True')
        if (isReady === true && !readyAt.has(name)) readyAt.set(name, { uid, at: performance.now() })
      }
      for (const look of waiting) look()
    }
  }
  const following = follow()

  function until<T>(what: string, found: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const deadline = AbortSignal.timeout(patience)
      const giveUp = () => {
        waiting.delete(look)
        reject(new Error(`did not happen within ${patience} ms: ${what}`))
      }
      const look = () => {
        const value = found()
        if (value === undefined) return
        waiting.delete(look)
        deadline.removeEventListener('abort', giveUp)
        resolve(value)
      }
      waiting.add(look)
      deadline.addEventListener('abort', giveUp)
      look()
    })
  }

  return {
    failed,
    async ready(name) {
      const seen = await until(`pod ${namespace}/${name} is Ready`, () =>
        failed.has(name) ? 'failed' : readyAt.get(name),
      )
      return seen === 'failed' ? undefined : seen
    },
    async onlyLeft(names) {
      const others = () => [...present].filter(name => !names.includes(name))
      await until(`the pods of ${namespace} are gone`, () => others().length === 0 || undefined)
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await following
    },
  }
}
