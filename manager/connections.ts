import type { KeptConnections } from './journal.ts'
import type { Wired } from './request.ts'

/** The connections that stand, oldest first; the journal is written before memory. */
export class Connections {
  readonly #journal: KeptConnections
  readonly #byId: Map<string, Wired>

  /** Begins with what the journal has. Throws STORAGE. */
  constructor(journal: KeptConnections) {
    this.#journal = journal
    this.#byId = new Map(journal.all().map(wired => [wired.id, wired]))
  }

  put(wired: Wired): void {
    this.#journal.put(wired)
    this.#byId.set(wired.id, wired)
  }

  remove(id: string): void {
    if (!this.#byId.has(id)) return
    this.#journal.remove(id)
    this.#byId.delete(id)
  }

  get(id: string): Wired | undefined {
    return this.#byId.get(id)
  }

  /** Whether an id is nobody's: it is not known, nor in what another version has written. */
  isOrphan(id: string): boolean {
    const unread = this.#journal.unread()
    return !this.#byId.has(id) && unread !== 'any' && !unread.has(id)
  }

  list(): readonly Wired[] {
    return [...this.#byId.values()]
  }

  /** The connections that a pod has at either end. */
  ofPod(uid: string): readonly Wired[] {
    return this.list().filter(
      ({ caller, endpoint }) => (caller.kind === 'pod' && caller.pod.uid === uid) || endpoint.pod.uid === uid,
    )
  }

  /** The connections to an endpoint. */
  ofEndpoint(name: string): readonly Wired[] {
    return this.list().filter(({ endpoint }) => endpoint.endpoint.name === name)
  }
}
