import { type Hurry, KubeApiError, retryAfterOf, type WatchEvent, type WatchOptions } from './api.ts'
import { type Inventory, newInventory } from './inventory.ts'
import { isSilent, newPatience } from './patience.ts'
import { isObject, type JsonObject } from './shape.ts'

/** What a watch needs from a server. */
export interface Wire {
  /** One page of a list. */
  list(question: WireQuestion): Promise<JsonObject>
  /** The raw events `{ type, object }` of `watch=1` until the server ends them. */
  stream(question: WireQuestion): AsyncIterable<JsonObject>
}

/** One question of a watch. */
export interface WireQuestion {
  readonly path: string
  readonly accept: string
  readonly signal: AbortSignal
}

const pageSize = 500

/** How long the server may keep one stream, in seconds; also what bounds a connection that died without a word. */
const streamSeconds = 240

/** A stream that lived this long, in milliseconds, was a good one though nothing happened. */
const goodStream = 5_000

/** Bounds of the wait before another attempt, in milliseconds. */
const waits = { first: 500, most: 60_000 }

/** A server that does not answer is not asked sooner than after this, in milliseconds, however much hurry there is. */
const leastWait = 1_000

/** List and watch over a wire, as `KubeApi.watch` promises it. */
export async function* watch(wire: Wire, options: WatchOptions): AsyncGenerator<WatchEvent, void> {
  const { path, signal, log, hurry = { wait: pause } } = options
  const inventory = newInventory()
  const patience = newPatience(waits)
  let position = ''
  let fruitless = 0
  let said = ''
  const goesOn = () => {
    fruitless = 0
    said = ''
    patience.succeeded()
  }
  while (!signal.aborted) {
    const started = performance.now()
    let failure: unknown
    try {
      if (position === '') position = yield* list(wire, options, inventory)
      for await (const event of follow(wire, options, position)) {
        goesOn()
        position = event.position
        if (event.type !== 'BOOKMARK') yield* inventory.apply(event.type, event.object)
      }
      if (performance.now() - started > goodStream) goesOn()
    } catch (error) {
      if (signal.aborted) return
      failure = error
      const isExpired = error instanceof KubeApiError && error.status === 410
      // What the server no longer remembers must be listed; a broken connection is taken up where it was.
      if (error instanceof KubeApiError && error.status !== 0 && error.status !== 429) position = ''
      const reason = wordsOf(error)
      log[isExpired || reason === said ? 'debug' : 'warn'](
        { path, reason, fruitless },
        'watch: broke off, asks again',
      )
      said = reason
    }
    const wait = patience.failed(failure)
    // What went well until now is taken up at once, unless the server wants otherwise.
    const isAtOnce =
      fruitless === 0 && !(failure instanceof KubeApiError && failure.retryAfterMs !== undefined)
    if (!isAtOnce) await pauseOrHurry(wait, signal, isSilent(failure) ? hurry : { wait: pause })
    fruitless += 1
  }
}

/** Passes on how a complete list differs from what is known; gives the place from which to follow. */
async function* list(
  wire: Wire,
  { path, accept = 'application/json', signal }: WatchOptions,
  inventory: Inventory,
): AsyncGenerator<WatchEvent, string> {
  const seen = new Set<string>()
  let proceed = ''
  for (;;) {
    const page = await wire.list({
      path: withQuery(path, { limit: String(pageSize), ...(proceed === '' ? {} : { continue: proceed }) }),
      accept: accept.replace('as=PartialObjectMetadata;', 'as=PartialObjectMetadataList;'),
      signal,
    })
    for (const item of itemsOf(page)) yield* inventory.observe(item, seen)
    const metadata = isObject(page['metadata']) ? page['metadata'] : {}
    proceed = textOf(metadata['continue'])
    if (proceed !== '') continue
    yield* inventory.forgetAllBut(seen)
    yield { type: 'SYNCED', object: {} }
    return textOf(metadata['resourceVersion'])
  }
}

interface RawEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: JsonObject
  readonly position: string
}

async function* follow(
  wire: Wire,
  { path, accept = 'application/json', signal }: WatchOptions,
  position: string,
): AsyncGenerator<RawEvent, void> {
  const query = {
    watch: '1',
    resourceVersion: position,
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(streamSeconds),
  }
  const limit = AbortSignal.any([signal, AbortSignal.timeout((streamSeconds + 30) * 1_000)])
  for await (const raw of wire.stream({ path: withQuery(path, query), accept, signal: limit })) {
    const object = isObject(raw['object']) ? raw['object'] : {}
    const type = raw['type']
    if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED' || type === 'BOOKMARK')
      yield { type, object, position: positionOf(object) }
    else throw failureOf(path, object)
  }
}

function failureOf(path: string, object: JsonObject): KubeApiError {
  const status = typeof object['code'] === 'number' ? object['code'] : 500
  return new KubeApiError(
    { status, reason: textOf(object['reason']), retryAfterMs: retryAfterOf(object) },
    `GET ${path}: the API server ended the watch with ${status}: ${textOf(object['message'])}`,
  )
}

/** The objects of a page. In lists of built-in kinds the items do not say their kind; the list's name tells it. */
function itemsOf(page: JsonObject): readonly JsonObject[] {
  const items: readonly unknown[] = Array.isArray(page['items']) ? page['items'] : []
  const own = { apiVersion: page['apiVersion'], kind: textOf(page['kind']).replace(/List$/, '') }
  return items.filter(isObject).map(item => ({ ...own, ...item }))
}

function positionOf(object: JsonObject): string {
  return isObject(object['metadata']) ? textOf(object['metadata']['resourceVersion']) : ''
}

function withQuery(path: string, query: Readonly<Record<string, string>>): string {
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(query).toString()}`
}

async function pauseOrHurry(ms: number, signal: AbortSignal, hurry: Hurry): Promise<void> {
  await pause(Math.min(leastWait, ms), signal)
  if (ms > leastWait) await hurry.wait(ms - leastWait, signal)
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const timer = setTimeout(resolve, ms)
  signal.addEventListener('abort', resolve, { once: true })
  await promise
  signal.removeEventListener('abort', resolve)
  clearTimeout(timer)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
