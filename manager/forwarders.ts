import { abortable } from '#sdk/chain/abortable.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Client } from '#sdk/rpc/types.ts'
import type { Mechanism } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { Forwarder as ForwarderService, Underlay } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import type { Statistics } from '#sdk/wire/gen/statistics/statistics_pb.ts'
import { mechanismType } from '#sdk/wire/mechanism.ts'
import { OwedRemovals } from './owed-removals.ts'

/** A forwarder that has registered and lives. */
export interface Forwarder {
  readonly name: string
  readonly client: Client<typeof ForwarderService>
  /** Its counters; forwarders of others may have none, and answer UNSUPPORTED. */
  readonly statistics: Client<typeof Statistics>
  /** What it sees of the node, of which forwarders of others may tell nothing. */
  readonly underlay: Client<typeof Underlay>
  /** What it can attach a pod of this node by. */
  readonly local: readonly Mechanism[]
  /** What it can reach other nodes by. */
  readonly remote: readonly Mechanism[]
  /** What a network service may select it by. */
  readonly labels: Readonly<Record<string, string>>
}

/** What is asked of a forwarder. */
export interface Wish {
  /** Why a forwarder cannot serve, as the end of a sentence about it; undefined when it can. */
  readonly against: (forwarder: Forwarder) => string | undefined
}

/** The forwarders of this node, oldest first. */
export class Forwarders {
  readonly owed = new OwedRemovals()
  #living: readonly Forwarder[] = []
  #changed = Promise.withResolvers<void>()

  /** Adds a forwarder; one that came back replaces its former self. */
  add(forwarder: Forwarder): void {
    this.#living = [...this.#living.filter(({ name }) => name !== forwarder.name), forwarder]
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  /** Takes a forwarder out, unless another one has its name by now. */
  remove(forwarder: Forwarder): void {
    this.#living = this.#living.filter(other => other !== forwarder)
  }

  get(name: string): Forwarder | undefined {
    return this.#living.find(forwarder => forwarder.name === name)
  }

  all(): readonly Forwarder[] {
    return this.#living
  }

  names(): readonly string[] {
    return this.#living.map(({ name }) => name)
  }

  /**
   * The first forwarder that meets the wish; `preferred` goes before all, so that a refresh stays where it was. Waits
   * for one to register; fails with FORWARDER_UNAVAILABLE after `waitMs`, or with the reason of the signal.
   */
  async find(wish: Wish, options: FindOptions): Promise<Forwarder> {
    return this.#find(wish, options) ?? (await this.#wait(wish, options))
  }

  #find(wish: Wish, { preferred }: FindOptions): Forwarder | undefined {
    const able = this.#living.filter(forwarder => wish.against(forwarder) === undefined)
    return able.find(({ name }) => name === preferred) ?? able[0]
  }

  async #wait(wish: Wish, options: FindOptions): Promise<Forwarder> {
    const late = AbortSignal.timeout(options.waitMs)
    const signal = AbortSignal.any([options.signal, late])
    for (;;) {
      try {
        await abortable(this.#changed.promise, signal)
      } catch (cause) {
        if (options.signal.aborted) throw cause
        throw this.#unavailable(wish, options.waitMs, cause)
      }
      const found = this.#find(wish, options)
      if (found !== undefined) return found
    }
  }

  #unavailable(wish: Wish, waitMs: number, cause: unknown): NsmError {
    const reasons = this.#living.map(forwarder => `${forwarder.name} ${wish.against(forwarder)}`)
    const why =
      reasons.length === 0
        ? `no forwarder has registered with this manager within ${waitMs} ms; see that the forwarder runs on this node`
        : `no forwarder of this node can serve: ${reasons.join('; ')}`
    return new NsmError('FORWARDER_UNAVAILABLE', why, { cause })
  }
}

/** How to wait for a forwarder. */
export interface FindOptions {
  readonly preferred: string | undefined
  readonly waitMs: number
  readonly signal: AbortSignal
}

/** Whether a mechanism type is a kernel interface, in the words of NSM v1 or v0.2. */
export function isKernel(type: string): boolean {
  return type === mechanismType.kernel || type === mechanismType.kernelV0
}
