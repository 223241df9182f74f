import { abortable } from '#sdk/chain/abortable.ts'
import { NsmError } from '#sdk/errors.ts'
import { encodeFields, type Fields } from '#sdk/http2/hpack.ts'
import type { Closure, Stream } from '#sdk/http2/stream.ts'
import { type Attempt, connectionLost, givenUp, timedOut, unreachable } from './failure.ts'
import { frame } from './frame.ts'
import { Inbox } from './inbox.ts'
import type { Line } from './line.ts'
import { errorCodeTrailer, fromStatus, percentDecoded } from './status.ts'
import { timeoutText } from './timeout.ts'

/** One call: where, what, and what can end it early. */
export interface Call {
  readonly line: Line
  /** HTTP/2 path of the method. */
  readonly path: string
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
}

/**
 * One call from the side of the caller. Disposing cancels what is left of it. All that it throws are NsmErrors, those
 * that the server has sent among them.
 */
export class Exchange implements Disposable {
  /** Whether the server says that it has done nothing, so that the same may be asked again. */
  refused = false
  readonly #call: Call
  readonly #inbox = new Inbox(bytes => this.#stream?.taken(bytes))
  /** Aborted when the time is over, the caller gives up or the line is closed. */
  readonly #ending = new AbortController()
  readonly #signals: readonly AbortSignal[]
  readonly #timer: NodeJS.Timeout | undefined
  #stream: Stream | undefined
  #fields: Fields = new Map()

  /** Throws at once when the caller has given up already. */
  constructor(call: Call) {
    const { line, signal, timeoutMs } = call
    this.#call = call
    this.#signals = signal === undefined ? [line.closed] : [signal, line.closed]
    for (const each of this.#signals) if (each.aborted) throw givenUp(this.#attempt, each)
    for (const each of this.#signals) each.addEventListener('abort', this.#givenUp)
    if (timeoutMs !== undefined)
      this.#timer = setTimeout(() => this.#end(timedOut(this.#attempt, timeoutMs)), timeoutMs)
  }

  /** Connects and begins. */
  async start(): Promise<void> {
    const { line, path, timeoutMs } = this.#call
    const head = requestHead(path, timeoutMs)
    // A connection that leaves between two lines of ours is followed by another; one that fails ends the loop.
    while (this.#stream === undefined) {
      const connection = line.current ?? (await this.#connected())
      if (connection.full) await abortable(connection.slot(), this.#ending.signal)
      this.#ending.signal.throwIfAborted()
      this.#stream = connection.open(head, {
        fields: fields => void (this.#fields = new Map([...this.#fields, ...fields])),
        data: bytes => this.#inbox.data(bytes),
        end: () => this.#answered(),
        closed: why => this.#closed(why),
      })
    }
  }

  send(message: Uint8Array): void {
    this.#stream?.send(frame(message))
  }

  /** Settles when the server has taken what was sent, or the call is over. */
  async drained(): Promise<void> {
    await this.#stream?.drained()
  }

  /** No more will be sent. */
  end(): void {
    this.#stream?.end()
  }

  /** Ends the call with an error of the caller's own. */
  abort(error: NsmError): void {
    this.#end(error)
  }

  /** The next message; undefined when the server has said all and its status is success. */
  next(): Promise<Buffer | undefined> {
    return this.#inbox.next()
  }

  /** The only message. */
  only(): Promise<Buffer> {
    return this.#inbox.only()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    for (const each of this.#signals) each.removeEventListener('abort', this.#givenUp)
    this.#stream?.reset('cancel')
  }

  get #attempt(): Attempt {
    const { line, path } = this.#call
    return { address: line.address, target: line.target, path }
  }

  async #connected() {
    try {
      return await abortable(this.#call.line.connection(), this.#ending.signal)
    } catch (cause) {
      if (this.#ending.signal.aborted) throw this.#ending.signal.reason
      throw unreachable(this.#attempt, cause)
    }
  }

  readonly #givenUp = (): void => {
    const aborted = this.#signals.find(each => each.aborted)
    if (aborted !== undefined) this.#end(givenUp(this.#attempt, aborted))
  }

  #end(error: NsmError): void {
    this.#ending.abort(error)
    this.#inbox.fail(error)
    this.#stream?.reset('cancel')
  }

  #answered(): void {
    const status = this.#fields.get('grpc-status')
    if (status === '0') return this.#inbox.end()
    if (status === undefined) {
      const http = this.#fields.get(':status') ?? 'nothing'
      const why = `it answered HTTP ${http} without a gRPC status`
      return this.#inbox.failAfter(connectionLost(this.#attempt, why))
    }
    const message = percentDecoded(this.#fields.get('grpc-message') ?? '')
    const errorCode = this.#fields.get(errorCodeTrailer)
    this.#inbox.failAfter(fromStatus({ code: Number(status), message, errorCode }))
  }

  #closed(why: Closure): void {
    this.refused = why.kind === 'refused'
    const words = why.kind === 'reset' ? `the stream was reset, code ${why.code}` : 'it was closed'
    this.#inbox.failAfter(connectionLost(this.#attempt, why.kind === 'lost' ? (why.cause ?? words) : words))
  }
}

/** Made once for each path and time: they are few, and a header block stays true. */
const heads = new Map<string, Buffer>()
const mostHeads = 1_000

function requestHead(path: string, timeoutMs: number | undefined): Buffer {
  const timeout = timeoutMs === undefined ? '' : timeoutText(timeoutMs)
  const known = heads.get(`${path} ${timeout}`)
  if (known !== undefined) return known
  const head = encodeFields([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'localhost'],
    ['te', 'trailers'],
    ['content-type', 'application/grpc+proto'],
    ...(timeout === '' ? [] : [['grpc-timeout', timeout] as const]),
  ])
  if (heads.size >= mostHeads) heads.clear()
  heads.set(`${path} ${timeout}`, head)
  return head
}
