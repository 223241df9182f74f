import { create } from '@bufbuild/protobuf'
import { timestampNow } from '@bufbuild/protobuf/wkt'
import { Watchers } from '#registry/watchers.ts'
import type { ErrorCode } from '#sdk/errors.ts'
import { type Event, EventSchema, type EventsRequest } from '#sdk/wire/gen/admin/admin_pb.ts'

import type { Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import type { Caller, ManagerRequest } from './request.ts'

/** Names of the steps that the manager tells of; the first ten are those of the VPN gateway example. */
export type EventStep =
  | 'pod-started'
  | 'endpoint-registered'
  | 'requested'
  | 'registry-queried'
  | 'endpoint-selected'
  | 'endpoint-requested'
  | 'endpoint-accepted'
  | 'endpoint-refused'
  | 'endpoint-lost'
  | 'endpoint-interface'
  | 'remote-replied'
  | 'tunnel-refused'
  | 'client-interface'
  | 'replied'
  | 'closed'
  | 'failed'
  | 'endpoint-removed'
  | 'connection-down'

/** What a connection's events have in common. */
export interface Subject {
  readonly id: string
  readonly attempt: number
  readonly connection: { readonly networkService: string }
  /** Whose connection it is, where that is known. */
  readonly caller?: Caller
  readonly asker?: ManagerRequest['asker']
}

/** What happened. */
export interface Happening {
  readonly step: EventStep
  readonly object: string
  /** One sentence for a person. */
  readonly text: string
  /** Who did it; default the manager. */
  readonly program?: string
  /** The pod that it is about, where it is about no connection. */
  readonly pod?: Pod
  /** Of what failed. */
  readonly code?: ErrorCode
}

/** Hears of what happens in the moment that it is told. */
export type EventListener = (happening: Happening, subject?: Subject) => void

/** Where events are kept beyond the life of the process. */
export interface EventKeeper {
  readonly all: () => readonly Event[]
  /** Called soon after, with all that happened since the last call. */
  readonly append: (events: readonly Event[]) => void
}

/** The most events that are remembered. */
const limit = 5000

/**
 * What has happened on this node. Bounded: of a request that is repeated while it waits, the first run and the newest
 * two stay; over all, the newest 5,000 events.
 */
export class Events {
  readonly #node: string
  readonly #keeper: EventKeeper
  readonly #watchers = new Watchers<Event>()
  readonly #listeners = new Set<EventListener>()
  readonly #attempts = new Map<string, number>()
  /** Names of the pods that the connections are of, for those who ask by pod. */
  readonly #clients = new Map<string, string>()
  #events: Event[]
  #unsaved: Event[] = []

  constructor(node: string, keeper: EventKeeper) {
    this.#node = node
    this.#keeper = keeper
    this.#events = [...keeper.all()]
    for (const event of this.#events) this.#note(event)
  }

  /** Begins a run of a connection's request; says which one it is. */
  begin(id: string): number {
    const attempt = (this.#attempts.get(id) ?? 0) + 1
    this.#attempts.set(id, attempt)
    if (attempt > 3) {
      const stale = (event: Event): boolean =>
        event.connectionId === id && event.attempt > 1 && event.attempt < attempt - 1
      this.#events = this.#events.filter(event => !stale(event))
    }
    return attempt
  }

  /** Calls the listener with all that is told from now on, until disposed. */
  listen(listener: EventListener): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) }
  }

  /** How many wait for what happens next. */
  get watching(): number {
    return this.#watchers.count
  }

  /** The newest run of a connection's request. */
  attemptOf(id: string): number {
    return this.#attempts.get(id) ?? 0
  }

  /** Tells what happened to a connection, or, without a subject, to something else. */
  tell(happening: Happening, subject?: Subject): void {
    const { step, object, text, program = 'manager' } = happening
    const event = create(EventSchema, {
      time: timestampNow(),
      connectionId: subject?.id ?? '',
      step,
      program,
      node: this.#node,
      object,
      text,
      attempt: subject?.attempt ?? 0,
      networkService: subject?.connection.networkService ?? '',
    })
    this.#note(event)
    this.#events.push(event)
    if (this.#events.length > limit) this.#forgetOldest()
    if (this.#unsaved.push(event) === 1) setImmediate(() => this.save())
    this.#watchers.tell(event)
    for (const listener of this.#listeners) listener(happening, subject)
  }

  /** What happened so far, oldest first; with `watch` also what happens next, until the signal aborts. */
  async *select(request: EventsRequest, signal: AbortSignal): AsyncGenerator<Event, void> {
    const { connectionId, pod, watch } = request
    const wanted = (event: Event): boolean =>
      event.connectionId.startsWith(connectionId) && (pod === '' || this.#podOf(event) === pod)
    // Before the first of them is taken, and only for who stays: the signal of the others stays quiet.
    const news = watch ? this.#watchers.watch(signal) : undefined
    yield* this.#events.filter(wanted)
    if (news === undefined) return
    for await (const event of news) if (wanted(event)) yield event
  }

  /** Hands what has not been kept yet to the keeper. */
  save(): void {
    const events = this.#unsaved
    this.#unsaved = []
    if (events.length > 0) this.#keeper.append(events)
  }

  #forgetOldest(): void {
    this.#events = this.#events.slice(limit / 10)
    this.#attempts.clear()
    this.#clients.clear()
    for (const event of this.#events) this.#note(event)
  }

  #note(event: Event): void {
    const { connectionId, attempt, step, object } = event
    if (connectionId === '') return
    this.#attempts.set(connectionId, Math.max(attempt, this.#attempts.get(connectionId) ?? 0))
    if (step === 'requested') this.#clients.set(connectionId, object)
  }

  /** The name of the pod that an event is about. */
  #podOf({ connectionId, object }: Event): string | undefined {
    const name = connectionId === '' ? object : this.#clients.get(connectionId)
    return name?.split('/').at(-1)
  }
}
