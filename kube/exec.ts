import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { NsmError } from '#sdk/errors.ts'
import type { AccessSource } from './access.ts'
import { KubeApiError, refusalOf } from './api.ts'
import { requestOptions } from './https-line.ts'
import { textOf } from './read-body.ts'
import { isObject, parsedObject } from './shape.ts'
import { encodeFrame, FrameReader, opcode } from './websocket-frame.ts'

/** A command to run in a container. */
export interface ExecCommand {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly argv: readonly string[]
}

/** How long the command may take to begin, in milliseconds. */
const patience = 15_000

/** What the first byte of a message says of the rest (remotecommand of Kubernetes, version 5). */
const channel = { stdin: 0, stdout: 1, stderr: 2, outcome: 3, close: 255 } as const

/** Version 5 can end the input, which API servers before 1.30 do not know. */
const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io']

/** Of what the command complains, in characters. */
const mostWords = 2_000

/**
 * Runs a command in a container: what is written is its input, what is read its output. `connect` tells that it has
 * begun. Destroyed with KubeApiError when the API server refuses or goes away, with INTERNAL when the command fails.
 */
export class Exec extends Duplex {
  readonly #command: ExecCommand
  readonly #frames = new FrameReader()
  readonly #giveUp = new AbortController()
  #socket: Socket | undefined
  #protocol = ''
  #words = ''
  #message: Buffer[] = []

  constructor(access: AccessSource, command: ExecCommand) {
    super({ allowHalfOpen: true })
    this.#command = command
    void this.#open(access).catch((error: unknown) => this.destroy(this.#failure(error)))
  }

  /** Keeps the process alive while the command runs; `unref` does not. */
  ref(): void {
    this.#socket?.ref()
  }

  unref(): void {
    this.#socket?.unref()
  }

  override _read(): void {
    this.#socket?.resume()
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#socket === undefined) this.once('connect', () => this.#send(channel.stdin, chunk, done))
    else this.#send(channel.stdin, chunk, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#protocol === protocols[0]) this.#send(channel.close, Buffer.of(channel.stdin), done)
    else done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#giveUp.abort()
    this.#socket?.destroy()
    done(error)
  }

  async #open(access: AccessSource): Promise<void> {
    const { socket, head, protocol } = await upgrade(access, this.#command, this.#giveUp.signal)
    if (this.destroyed) return void socket.destroy()
    this.#socket = socket
    this.#protocol = protocol
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', error => this.destroy(this.#failure(error)))
    socket.on('close', () => this.destroy(this.#failure(new Error('the connection was closed'))))
    this.emit('connect')
    // Nobody reads our input any more.
    this.once('end', () => this.destroy())
    if (head.length > 0) this.#take(head)
  }

  #send(to: number, payload: Buffer, done: (error?: Error | null) => void): void {
    const frame = encodeFrame(opcode.binary, Buffer.concat([Buffer.of(to), payload]))
    this.#socket?.write(frame, error => done(error))
  }

  #take(bytes: Buffer): void {
    try {
      for (const { opcode: kind, end, payload } of this.#frames.push(bytes)) {
        if (this.destroyed) return
        if (kind === opcode.ping) this.#socket?.write(encodeFrame(opcode.pong, payload))
        else if (kind === opcode.close) this.destroy(this.#failure(new Error('the API server ended it')))
        else if (kind !== opcode.pong) {
          this.#message.push(payload)
          if (end) this.#whole(Buffer.concat(this.#message.splice(0)))
        }
      }
    } catch (error) {
      this.destroy(this.#failure(error))
    }
  }

  #whole(message: Buffer): void {
    const [from] = message
    const rest = message.subarray(1)
    if (from === channel.stdout && rest.length > 0 && !this.push(rest)) this.#socket?.pause()
    if (from === channel.stderr) this.#words = `${this.#words}${rest.toString()}`.slice(-mostWords)
    if (from === channel.outcome) this.#end(rest.toString())
  }

  /** The command has ended. */
  #end(text: string): void {
    const outcome: unknown = JSON.parse(text)
    if (isObject(outcome) && outcome['status'] === 'Success') {
      this.#socket?.removeAllListeners('close')
      this.push(null)
      return
    }
    const message = isObject(outcome) ? String(outcome['message']) : text
    const words = this.#words.trim()
    this.destroy(
      new NsmError(
        'INTERNAL',
        `${saying(this.#command)}: ${words === '' ? message : `${message}: ${words}`}`,
      ),
    )
  }

  #failure(error: unknown): Error {
    if (error instanceof NsmError) return error
    const why = error instanceof Error ? error.message : String(error)
    return new KubeApiError(
      { status: 0, reason: '' },
      `${saying(this.#command)}: ${why}${this.#words === '' ? '' : `: ${this.#words.trim()}`}`,
      { cause: error },
    )
  }
}

function saying({ namespace, pod, container, argv }: ExecCommand): string {
  return `running ${argv[0] ?? 'nothing'} in container ${container} of pod ${namespace}/${pod}`
}

interface Upgraded {
  readonly socket: Socket
  readonly head: Buffer
  readonly protocol: string
}

async function upgrade(access: AccessSource, command: ExecCommand, signal: AbortSignal): Promise<Upgraded> {
  const call = { method: 'GET', path: pathOf(command), signal } as const
  const current = await access()
  const options = requestOptions(current, call)
  const outcome = Promise.withResolvers<Upgraded>()
  const sent = request({
    ...current.tls,
    ...options,
    agent: false,
    headers: {
      ...options.headers,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64'),
      'sec-websocket-protocol': protocols.join(', '),
    },
  })
  const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${patience / 1_000} s`)), patience)
  sent.on('error', outcome.reject)
  sent.on('upgrade', (answer, socket, head) =>
    outcome.resolve({ socket, head, protocol: answer.headers['sec-websocket-protocol'] ?? '' }),
  )
  sent.on('response', answer => void refused(call, answer).catch(outcome.reject))
  sent.end()
  return await outcome.promise.finally(() => clearTimeout(timer))
}

async function refused(
  call: { readonly method: 'GET'; readonly path: string },
  answer: IncomingMessage,
): Promise<never> {
  const text = await textOf(answer)
  throw refusalOf(call, answer.statusCode ?? 0, parsedObject(text) ?? { message: text.slice(0, 200) })
}

function pathOf({ namespace, pod, container, argv }: ExecCommand): string {
  const query = new URLSearchParams({ container, stdin: 'true', stdout: 'true', stderr: 'true' })
  for (const word of argv) query.append('command', word)
  return `/api/v1/namespaces/${namespace}/pods/${pod}/exec?${query.toString()}`
}
