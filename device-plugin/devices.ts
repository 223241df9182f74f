import { resourceName } from './names.ts'

/** A device id: what kubelet counts, and nothing more. */
const idPattern = /^nsm-[1-9][0-9]{0,6}$/

/** Whether a device id is one that this plugin announces. */
export function isDevice(id: string): boolean {
  return idPattern.test(id)
}

/**
 * The devices that kubelet is told of. One that is in use is always among them: kubelet fails a pod whose device it does
 * not hear of. The list only grows, and early: the scheduler hears of more at kubelet's next status update.
 */
export class Devices {
  readonly #step: number
  readonly #ids = new Set<string>()
  #used: ReadonlySet<string> = new Set()
  #changed = Promise.withResolvers<void>()

  /** Announces so many devices to begin with. */
  constructor(count: number) {
    this.#step = count
    this.#grow(count)
  }

  get ids(): readonly string[] {
    return [...this.#ids]
  }

  /** Says which devices are in use, all of them. */
  inUse(ids: Iterable<string>): void {
    this.#used = new Set(ids)
    const before = this.#ids.size
    for (const id of this.#used) this.#ids.add(id)
    if (this.#used.size + this.#step / 4 > this.#ids.size) this.#grow(this.#used.size + this.#step)
    if (this.#ids.size !== before) this.#tell()
  }

  /** Adds a device that may be in use by somebody who is not known. */
  announce(id: string | undefined): void {
    if (id === undefined || this.#ids.has(id)) return
    this.#ids.add(id)
    this.#tell()
  }

  /** Says of one more that it is in use. */
  take(id: string): void {
    this.inUse([...this.#used, id])
  }

  /** The list at once, and again whenever it has changed, until the signal aborts. */
  async *lists(signal: AbortSignal): AsyncGenerator<readonly string[]> {
    const gone = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => gone.resolve(), { once: true })
    while (!signal.aborted) {
      const changed = this.#changed.promise
      yield this.ids
      await Promise.race([changed, gone.promise])
    }
  }

  #grow(size: number): void {
    for (let number = 1; this.#ids.size < size; number += 1) this.#ids.add(`nsm-${number}`)
  }

  #tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

/** What errors call a device. */
export function deviceName(id: string): string {
  return `${resourceName} ${JSON.stringify(id)}`
}
