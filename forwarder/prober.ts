import { isKernelError } from '#kernel/errors.ts'
import type { Answer, Kernel } from '#kernel/port.ts'
import type { Step } from '#sdk/chain/step.ts'
import type { Log } from '#sdk/log.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import type { KnownEnd } from './ends.ts'
import { type Probing, type ProbingRules, probingOf } from './probing.ts'
import { targetsOf } from './targets.ts'

/** Why the data paths of cross connects are said to be broken, by id. */
export type Verdicts = Map<string, string>

/** What `Prober` needs. */
export interface ProberOptions {
  readonly kernel: Kernel
  readonly rules: ProbingRules
  readonly verdicts: Verdicts
  /** Called when the verdict on a cross connect has changed. */
  readonly changed: (id: string) => void
  readonly log: Log
}

interface Target {
  /** Whether the last probe has no answer yet. */
  waiting: boolean
  /** Probes in a row without an answer. */
  lost: number
}

interface Probed extends Probing {
  readonly id: string
  readonly from: KnownEnd
  /** By address. */
  readonly targets: ReadonlyMap<string, Target>
  /** Of the near interface, since the last probe. */
  index: number
  timer: NodeJS.Timeout
}

/**
 * Tries data paths: lets the kernel of a pod ask the addresses of the far end for a sign of life, again and again. Too
 * many without an answer are a verdict, an answer of all of them lifts it, and so does a request, which may have
 * mended what was broken.
 */
export class Prober implements Disposable {
  readonly #options: ProberOptions
  readonly #probed = new Map<string, Probed>()
  /** By the cookie of the namespace and the index of the near interface. */
  readonly #places = new Map<string, Probed>()
  readonly #stop = new AbortController()
  #listening = false

  constructor(options: ProberOptions) {
    this.#options = options
  }

  /** Probes what was requested, and no more what was closed. */
  step(): Step<CrossConnect, CrossConnect> {
    return {
      name: 'probe',
      request: async (crossConnect, call, next) => {
        const probing = probingOf(crossConnect, this.#options.rules)
        const wired = await next(crossConnect, call)
        this.#end(wired.id)
        if (probing !== undefined) this.#begin(wired, probing)
        return wired
      },
      close: async (crossConnect, call, next) => {
        this.#end(crossConnect.id)
        await next(crossConnect, call)
      },
    }
  }

  /** Begins with what an earlier life had wired; what it had asked for comes with the next request. */
  adopt(crossConnect: CrossConnect): void {
    const probing = probingOf(crossConnect, this.#options.rules)
    if (probing !== undefined) this.#begin(crossConnect, probing)
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
    for (const id of this.#probed.keys()) this.#end(id)
  }

  #begin(crossConnect: CrossConnect, probing: Probing): void {
    const route = targetsOf(crossConnect)
    if (route === undefined || this.#stop.signal.aborted) return
    this.#listen()
    const targets = new Map(route.to.map(address => [address, { waiting: false, lost: 0 }]))
    const { id } = crossConnect
    // The first one at any time within an interval, so that many are spread.
    const timer = setTimeout(() => this.#tick(id), Math.random() * probing.intervalMs)
    this.#probed.set(id, { id, ...probing, from: route.from, targets, index: 0, timer })
  }

  #end(id: string): void {
    const { verdicts } = this.#options
    const probed = this.#probed.get(id)
    if (probed !== undefined) {
      clearTimeout(probed.timer)
      this.#places.delete(placeOf(probed.from.netns.cookie, probed.index))
    }
    this.#probed.delete(id)
    verdicts.delete(id)
  }

  #tick(id: string): void {
    const probed = this.#probed.get(id)
    if (probed === undefined) return
    probed.timer = setTimeout(() => this.#tick(id), probed.intervalMs)
    for (const target of probed.targets.values()) if (target.waiting) target.lost += 1
    this.#judge(probed)
    try {
      this.#ask(probed)
    } catch (cause) {
      // Its pod has ended, which the events tell of.
      if (isKernelError(cause, 'ENOENT')) this.#end(id)
      else this.#options.log.warn({ id, err: cause }, 'probing the data path of a cross connect failed')
    }
  }

  #ask(probed: Probed): void {
    const { netns, alias, name } = probed.from
    using namespace = this.#options.kernel.open(netns)
    const link = namespace.link.get(name)
    if (link?.alias !== alias || link.admin === 'down') {
      // An interface that is not as agreed, the events tell of.
      for (const target of probed.targets.values()) target.waiting = false
      return
    }
    this.#place(probed, link.index)
    for (const [address, target] of probed.targets) {
      // Before the question: the answer may come within it.
      target.waiting = true
      if (namespace.neigh.probe(link.index, address) === 'fixed') answered(target)
    }
  }

  #place(probed: Probed, index: number): void {
    if (probed.index === index) return
    const { cookie } = probed.from.netns
    this.#places.delete(placeOf(cookie, probed.index))
    probed.index = index
    this.#places.set(placeOf(cookie, index), probed)
  }

  #judge({ id, loss, targets }: Probed): void {
    const { verdicts, changed } = this.#options
    const silent = [...targets].filter(([, { lost }]) => lost >= loss).map(([address]) => address)
    if (silent.length > 0 && !verdicts.has(id)) {
      verdicts.set(id, `${silent.join(', ')} did not answer ${loss} probes in a row`)
      changed(id)
    }
    if (verdicts.has(id) && [...targets.values()].every(({ lost }) => lost === 0)) {
      verdicts.delete(id)
      changed(id)
    }
  }

  #listen(): void {
    if (this.#listening) return
    this.#listening = true
    const { kernel, log } = this.#options
    const { signal } = this.#stop
    void this.#hear(kernel.answers(signal)).catch((cause: unknown) =>
      log.error({ err: cause }, 'the answers to probes can no longer be heard, so data paths are not judged'),
    )
  }

  async #hear(answers: AsyncIterable<Answer>): Promise<void> {
    try {
      for await (const answer of answers) this.#heard(answer)
    } finally {
      for (const id of this.#probed.keys()) this.#end(id)
    }
  }

  #heard(answer: Answer): void {
    for (const probed of this.#concerned(answer)) {
      for (const [address, target] of probed.targets)
        if (answer.type === 'resync' || answer.address === address) answered(target)
      this.#judge(probed)
    }
  }

  /** Answers that were lost count as answers: nobody is blamed for what we did not hear. */
  #concerned(answer: Answer): readonly Probed[] {
    if (answer.type === 'resync') return [...this.#probed.values()]
    const probed = this.#places.get(placeOf(answer.netns, answer.index))
    return probed === undefined ? [] : [probed]
  }
}

function placeOf(netns: bigint, index: number): string {
  return `${netns}/${index}`
}

function answered(target: Target): void {
  target.waiting = false
  target.lost = 0
}
