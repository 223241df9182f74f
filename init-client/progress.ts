import type { NsmError } from '#sdk/errors.ts'
import type { NetworkServiceRequest } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { subjectOf } from './subject.ts'

/** Milliseconds between two tellings of the same. */
const interval = 5000

interface Waiting {
  readonly subject: string
  readonly attempts: number
  readonly reason: string
}

/** Tells what is waited for: a new reason at once, and every five seconds all that is still missing. */
export class Progress implements Disposable {
  readonly #say: (sentence: string) => void
  readonly #waiting = new Map<NetworkServiceRequest, Waiting>()
  readonly #start = performance.now()
  readonly #timer: NodeJS.Timeout

  constructor(requests: readonly NetworkServiceRequest[], say: (sentence: string) => void) {
    this.#say = say
    for (const request of requests) {
      this.#waiting.set(request, { subject: subjectOf(request), attempts: 1, reason: 'no answer yet' })
    }
    this.#timer = setInterval(() => this.#sayAll(), interval)
  }

  /** An attempt failed and there will be another. */
  failed(request: NetworkServiceRequest, error: NsmError): void {
    const before = this.#waiting.get(request)
    if (before === undefined) return
    this.#waiting.set(request, { ...before, attempts: before.attempts + 1, reason: error.message })
    if (before.reason !== error.message) this.#say(`waiting for ${before.subject}: ${error.message}`)
  }

  /** Nothing is waited for any more. */
  ended(request: NetworkServiceRequest): void {
    this.#waiting.delete(request)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #sayAll(): void {
    const seconds = Math.round((performance.now() - this.#start) / 1000)
    for (const { subject, attempts, reason } of this.#waiting.values()) {
      this.#say(`waiting for ${subject} for ${seconds} s, attempt ${attempts}: ${reason}`)
    }
  }
}
