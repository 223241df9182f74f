import { setImmediate as turn } from 'node:timers/promises'
import type { Kernel, KernelEvent } from '#kernel/port.ts'
import { parseTag } from '#kernel/tag.ts'
import type { Step } from '#sdk/chain/step.ts'
import type { Log } from '#sdk/log.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import type { CrossConnects, Present } from './cross-connects.ts'
import { endsOf } from './ends.ts'
import { flawOf, observe } from './observe.ts'
import { sameStates, withStates } from './states.ts'

/** What `newLiveness` needs. */
export interface LivenessOptions {
  readonly kernel: Kernel
  readonly crossConnects: CrossConnects
  /** Why data paths are broken although all is as agreed. */
  readonly verdicts: ReadonlyMap<string, string>
  readonly log: Log
}

/** Keeps the states of cross connects true to what happens in the kernel. */
export interface Liveness {
  /** Goes outermost: what happens to a cross connect while we change it ourselves is looked at afterwards. */
  readonly step: Step<CrossConnect, CrossConnect>
  /** Looks at a cross connect of which something may have changed. */
  look(id: string): void
  /** Looks at whom each event concerns, until the events end. */
  follow(events: AsyncIterable<KernelEvent>): Promise<void>
}

/**
 * An event only says whom to look at: the kernel is asked how the ends are now, so that late, lost or repeated
 * events cannot deceive.
 */
export function newLiveness({ kernel, crossConnects, verdicts, log }: LivenessOptions): Liveness {
  const changing = new Set<string>()
  const missed = new Set<string>()

  function look(id: string): void {
    const before = crossConnects.get(id)
    if (before === undefined) return
    if (changing.has(id)) {
      missed.add(id)
      return
    }
    try {
      const now = judged(observe(kernel, before), verdicts.get(id))
      if (now === undefined) crossConnects.remove(id)
      else if (!sameStates(now.crossConnect, before)) {
        log.info({ id, reason: now.reason }, now.reason === undefined ? 'whole again' : 'broken')
        crossConnects.put({ ...now, strays: crossConnects.straysOf(id) })
      }
    } catch (cause) {
      log.warn({ id, err: cause }, 'looking at the ends of a cross connect failed')
    }
  }

  async function whileChanging<T>(id: string, change: () => Promise<T>): Promise<T> {
    changing.add(id)
    try {
      return await change()
    } finally {
      changing.delete(id)
      if (missed.delete(id)) look(id)
    }
  }

  return {
    step: {
      name: 'liveness',
      request: (crossConnect, call, next) => whileChanging(crossConnect.id, () => next(crossConnect, call)),
      close: (crossConnect, call, next) => whileChanging(crossConnect.id, () => next(crossConnect, call)),
    },
    look,
    async follow(events) {
      let began = performance.now()
      for await (const event of events) {
        for (const id of concerned(event, crossConnects)) {
          look(id)
          if (performance.now() - began < longestTurnMs) continue
          await turn()
          began = performance.now()
        }
      }
    },
  }
}

/** What is as agreed in both pods and yet lets nothing pass is down on both sides. */
function judged(now: Present | undefined, verdict: string | undefined): Present | undefined {
  if (now === undefined || now.reason !== undefined || verdict === undefined) return now
  const states = { source: State.DOWN, destination: State.DOWN }
  return { ...now, crossConnect: withStates(now.crossConnect, states), reason: verdict }
}

/** Whom to look at. */
function concerned(event: KernelEvent, crossConnects: CrossConnects): readonly string[] {
  if (event.type === 'netns.gone') return crossConnects.idsIn(event.netns)
  if (event.type === 'resync') return crossConnects.all().map(({ id }) => id)
  if (event.type === 'link.changed') return changed(event, crossConnects)
  // A link that moves away is gone from where it was.
  const tag = parseTag(event.link.alias)
  return tag === undefined ? [] : [tag.id]
}

/** Most changes are our own work: a link that is as agreed needs a look only when its cross connect was broken. */
function changed(
  { netns, link }: Extract<KernelEvent, { type: 'link.changed' }>,
  crossConnects: CrossConnects,
): readonly string[] {
  const tag = parseTag(link.alias)
  const known = tag === undefined ? undefined : crossConnects.get(tag.id)
  if (tag === undefined || known === undefined) return []
  const end = endsOf(known).find(({ role }) => role === tag.role)
  if (end === undefined || end.netns.cookie !== netns) return []
  const asAgreed = flawOf(link, end.name) === undefined
  return asAgreed && crossConnects.reasonOf(tag.id) === undefined ? [] : [tag.id]
}

/** Milliseconds that other work may have to wait while many cross connects are looked at. */
const longestTurnMs = 20
