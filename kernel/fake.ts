import { KernelError } from './errors.ts'
import { EventQueue } from './event-queue.ts'
import { FakeLinks } from './fake-links.ts'
import { fakeNamespace } from './fake-namespace.ts'
import type { NetnsName } from './link-plan.ts'
import type { Answer, Kernel, KernelEvent, Namespace, Rule } from './port.ts'

interface FakeNetns {
  readonly links: FakeLinks
  readonly namespace: Namespace
  readonly rules: Rule[]
}

/** A kernel in memory, held to the same contract as the real one; for tests without privilege. */
export class FakeKernel implements Kernel {
  readonly #namespaces = new Map<bigint, FakeNetns>()
  readonly #readers = new Set<EventQueue<KernelEvent>>()
  readonly #listeners = new Set<EventQueue<Answer>>()
  readonly #followed = new Set<bigint>()
  readonly #refusals: { readonly verb: string; readonly error: KernelError }[] = []
  readonly #own: FakeNetns
  #last = ownCookie

  constructor() {
    this.#own = this.#make(ownCookie)
  }

  /** Makes a namespace, as the start of a pod does. */
  addNetns(): NetnsName {
    const cookie = ++this.#last
    this.#namespaces.set(cookie, this.#make(cookie))
    return { cookie }
  }

  /** Ends a namespace, as the end of a pod does: its links and their other ends vanish. */
  removeNetns({ cookie }: NetnsName): void {
    const netns = this.#namespaces.get(cookie)
    this.#namespaces.delete(cookie)
    if (netns === undefined) return
    for (const { link } of netns.links.all()) netns.links.drop(link.index)
    if (this.#followed.delete(cookie)) this.#emit({ type: 'netns.gone', netns: cookie })
  }

  /** Gives an interface an address that is not of ours. */
  addForeignAddress({ cookie }: NetnsName, index: number, cidr: string): void {
    this.#namespaceOf(cookie).links.update(index, ({ addresses }) => ({
      addresses: [...addresses, { cidr, origin: 'foreign' }],
    }))
  }

  /** Gives a namespace a rule that is not of ours. */
  addForeignRule({ cookie }: NetnsName, table: number): void {
    const rule = { family: 'ipv4', table, priority: 20_000 + table, owner: 0, origin: 'foreign' } as const
    this.#namespaceOf(cookie).rules.push(rule)
  }

  /** Lets the next call of a verb, such as `route.add`, fail. */
  refuse(verb: string, error: KernelError): void {
    this.#refusals.push({ verb, error })
  }

  open({ cookie }: NetnsName): Namespace {
    this.#perform('open')
    if (cookie === ownCookie)
      throw new KernelError('opening our own namespace', { errno: EPERM, syscall: 'setns' })
    return this.#namespaceOf(cookie).namespace
  }

  openOwn(): Namespace {
    return this.#own.namespace
  }

  follow(namespace: Namespace): void {
    this.#followed.add(namespace.netns.cookie)
  }

  *followed(): Generator<Namespace> {
    for (const [cookie, { namespace }] of this.#namespaces) if (this.#followed.has(cookie)) yield namespace
  }

  events(signal: AbortSignal): AsyncIterable<KernelEvent> {
    signal.throwIfAborted()
    const queue = new EventQueue<KernelEvent>(signal)
    this.#readers.add(queue)
    signal.addEventListener('abort', () => this.#readers.delete(queue), { once: true })
    return queue
  }

  answers(signal: AbortSignal): AsyncIterable<Answer> {
    signal.throwIfAborted()
    const queue = new EventQueue<Answer>(signal)
    this.#listeners.add(queue)
    signal.addEventListener('abort', () => this.#listeners.delete(queue), { once: true })
    return queue
  }

  [Symbol.dispose](): void {
    this.#namespaces.clear()
  }

  #make(cookie: bigint): FakeNetns {
    const links = new FakeLinks({
      changed: link => this.#tell({ type: 'link.changed', netns: cookie, link }),
      answered: (index, address) => this.#answer({ type: 'answered', netns: cookie, index, address }),
      gone: link => this.#tell({ type: 'link.gone', netns: cookie, link }),
    })
    const rules: Rule[] = []
    return { links, rules, namespace: fakeNamespace({ cookie, links, rules }, verb => this.#perform(verb)) }
  }

  #namespaceOf(cookie: bigint): FakeNetns {
    const netns = this.#namespaces.get(cookie)
    if (netns !== undefined) return netns
    const doing = `looking for network namespace ${cookie}: it does not exist, so the pod is gone`
    throw new KernelError(doing, { errno: ENOENT, syscall: 'open' })
  }

  /** Refuses a call when the test asked for that. */
  #perform(verb: string): void {
    const at = this.#refusals.findIndex(refusal => refusal.verb === verb)
    const [refusal] = at < 0 ? [] : this.#refusals.splice(at, 1)
    if (refusal !== undefined) throw refusal.error
  }

  #tell(event: KernelEvent & { readonly netns: bigint }): void {
    if (this.#followed.has(event.netns)) this.#emit(event)
  }

  #answer(answer: Answer & { readonly netns: bigint }): void {
    if (!this.#followed.has(answer.netns)) return
    for (const listener of this.#listeners) listener.push(answer)
  }

  #emit(event: KernelEvent): void {
    for (const reader of this.#readers) reader.push(event)
  }
}

const ownCookie = 1n
const EPERM = 1
const ENOENT = 2
