import { generateKeyPair, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { abortable } from '#sdk/chain/abortable.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { dial } from '#sdk/rpc/dial.ts'
import { type Credentials, nodeUri } from '#sdk/rpc/tls.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { Issuer } from '#sdk/wire/gen/issuer/issuer_pb.ts'
import { backoff } from '#sdk/workspace/backoff.ts'
import { pause } from '#sdk/workspace/pause.ts'

const newKeyPair = promisify(generateKeyPair)

/** Who enrols where. */
export interface EnrolmentOptions {
  readonly issuer: Address
  readonly node: string
  readonly log: Log
}

/** Milliseconds that an issuer may take to certify a key. */
const answerMs = 10_000

/** Milliseconds between attempts while there is no certificate yet, and while there is one. */
const pauses = { without: { first: 100, most: 2000 }, with: { first: 1000, most: 60_000 } } as const

/** The longest time that a timer takes (setTimeout). */
const longestPause = 2 ** 31 - 1

/**
 * Keeps this manager certified: a new key and certificate when two thirds of the life of the old one have passed. While
 * the issuer is away the old one stays, and the issuer is asked again.
 */
export class Enrolment implements AsyncDisposable {
  readonly #options: EnrolmentOptions
  readonly #stop = new AbortController()
  readonly #first = Promise.withResolvers<void>()
  readonly #ended: Promise<void>
  #credentials: Credentials | undefined
  #refusal = 'it has not answered yet'

  /** Begins at once. */
  constructor(options: EnrolmentOptions) {
    this.#options = options
    this.#ended = this.#keep(this.#stop.signal)
  }

  /** The newest certificate. Throws MANAGER_UNAVAILABLE while there is none. */
  current(): Credentials {
    if (this.#credentials !== undefined) return this.#credentials
    const { issuer, node } = this.#options
    throw new NsmError(
      'MANAGER_UNAVAILABLE',
      `the manager of node ${node} has no certificate yet, without which no other manager talks to it; the issuer ${issuer}: ${this.#refusal}`,
    )
  }

  /** Waits for the first certificate; also returns when the time is over. */
  async ready(ms: number): Promise<void> {
    await abortable(this.#first.promise, AbortSignal.timeout(ms)).catch(() => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#ended
  }

  async #keep(signal: AbortSignal): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      try {
        this.#credentials = await enroll(this.#options, signal)
        failures = 0
        this.#first.resolve()
        await pause(this.#restMs(this.#credentials), signal)
      } catch (thrown) {
        if (signal.aborted) return
        failures += 1
        this.#tell(NsmError.from(thrown))
        await pause(backoff(failures, this.#credentials === undefined ? pauses.without : pauses.with), signal)
      }
    }
  }

  #restMs({ certificate }: Credentials): number {
    const { validFrom, validTo } = new X509Certificate(certificate)
    const [begin, end] = [Date.parse(validFrom), Date.parse(validTo)]
    const { log, node } = this.#options
    log.info({ node, until: validTo }, `certified as node ${node}`)
    return Math.min(longestPause, Math.max(0, begin + ((end - begin) * 2) / 3 - Date.now()))
  }

  /** A refusal that repeats itself is logged once. */
  #tell({ code, message }: NsmError): void {
    if (message === this.#refusal) return
    this.#refusal = message
    const left =
      this.#credentials === undefined ? 'there is no certificate yet' : 'the present certificate stays'
    this.#options.log.warn({ code }, `the issuer gave no certificate, ${left}: ${message}`)
  }
}

/** Has a new key certified. Fails with DENIED when the certificate is for another key or node. */
async function enroll({ issuer, node }: EnrolmentOptions, signal: AbortSignal): Promise<Credentials> {
  const { publicKey, privateKey } = await newKeyPair('rsa', { modulusLength: 2048 })
  // A new channel each time: a used one pauses before it connects again.
  await using channel = dial(issuer)
  const { certificates, authorities } = await channel
    .client(Issuer)
    .enroll({ publicKey: publicKey.export({ type: 'spki', format: 'der' }) }, { signal, timeoutMs: answerMs })
  const certificate = certificates.join('')
  check(certificate, { node, isOwn: parsed => parsed.checkPrivateKey(privateKey) })
  return {
    certificate,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    authorities: authorities.join(''),
  }
}

function check(
  certificate: string,
  { node, isOwn }: { readonly node: string; readonly isOwn: (parsed: X509Certificate) => boolean },
): void {
  const parsed = new X509Certificate(certificate)
  if (!isOwn(parsed)) throw new NsmError('DENIED', 'the certificate of the issuer is for another key')
  if (parsed.subjectAltName !== `URI:${nodeUri(node)}`)
    throw new NsmError(
      'DENIED',
      `the issuer takes this node for ${parsed.subjectAltName ?? 'nobody'}, and NODE_NAME says ${node}`,
    )
}
