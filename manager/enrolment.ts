import { generateKeyPair, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { abortable } from '#sdk/chain/abortable.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { type DialOptions, dial } from '#sdk/rpc/dial.ts'
import { type Credentials, nodeUri } from '#sdk/rpc/tls.ts'
import { clientByName } from '#sdk/rpc/tls-by-name.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { Issuer } from '#sdk/wire/gen/issuer/issuer_pb.ts'
import { backoff } from '#sdk/workspace/backoff.ts'
import { pause } from '#sdk/workspace/pause.ts'
import type { IssuerProof } from './issuer-proof.ts'

const newKeyPair = promisify(generateKeyPair)

/** Who enrols where. */
export interface EnrolmentOptions {
  readonly issuer: Address
  /** Where it is too, asked whenever the last attempt was at `issuer` and failed: an address that a container was told at its start may be of the past. */
  readonly elsewhere?: Address | undefined
  readonly node: string
  readonly log: Log
  /** For an issuer behind a network; one behind a socket knows by the socket who calls. */
  readonly proof?: IssuerProof
}

/** Milliseconds that an issuer may take to certify a key. */
const answerMs = 10_000

/** Milliseconds between attempts while there is no certificate yet, and while there is one. */
const pauses = { without: { first: 100, most: 2000 }, with: { first: 1000, most: 60_000 } } as const

/** Milliseconds over which managers spread that enrol because their authorities have changed. */
const spreadMs = 3000

/** Refusals that are remembered as told: those of both addresses, and some that change. */
const mostTold = 16

/** The longest time that a timer takes (setTimeout). */
const longestPause = 2 ** 31 - 1

/**
 * Keeps this manager certified: a new key and certificate when two thirds of the life of the old one have passed, or when
 * other authorities are to be trusted. While the issuer is away the old one stays, and the issuer is asked again.
 */
export class Enrolment implements AsyncDisposable {
  readonly #options: EnrolmentOptions
  readonly #stop = new AbortController()
  readonly #first = Promise.withResolvers<void>()
  readonly #ended: Promise<void>
  #credentials: Credentials | undefined
  /** Aborted when there are other authorities than at the last attempt: waiting any longer is of no use. */
  #changed = new AbortController()
  /** The issuer's authorities at the last attempt. */
  #authorities = ''
  #refusal = 'it has not answered yet'
  /** What was logged since the last success. */
  readonly #told = new Set<string>()

  /** Begins at once. */
  constructor(options: EnrolmentOptions) {
    this.#options = options
    const { signal } = this.#stop
    const following = options.proof?.follow(() => void this.#look(), signal)
    this.#ended = Promise.all([this.#keep(signal), following]).then(() => undefined)
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
      this.#changed = new AbortController()
      const until = AbortSignal.any([signal, this.#changed.signal])
      try {
        this.#credentials = await this.#enroll(failures, signal)
        failures = 0
        this.#refusal = ''
        this.#told.clear()
        this.#first.resolve()
        await pause(this.#restMs(this.#credentials), until)
        if (this.#changed.signal.aborted) await pause(Math.random() * spreadMs, signal)
      } catch (thrown) {
        if (signal.aborted) return
        failures += 1
        this.#tell(NsmError.from(thrown))
        await pause(backoff(failures, this.#credentials === undefined ? pauses.without : pauses.with), until)
      }
    }
  }

  async #enroll(failures: number, signal: AbortSignal): Promise<Credentials> {
    const { proof, issuer, elsewhere = issuer, node } = this.#options
    const place = { issuer: failures % 2 === 1 ? elsewhere : issuer, node }
    if (proof === undefined) return await enroll(place, {}, signal)
    this.#authorities = await proof.authorities()
    const { serverName: name } = proof
    const connect = clientByName({ name, authorities: this.#authorities })
    return await enroll(place, { connect, token: await proof.token() }, signal)
  }

  /** Whether the authorities have changed; a file that is gone or half there is none. */
  async #look(): Promise<void> {
    const now = await this.#options.proof?.authorities().catch(() => undefined)
    if (now !== undefined && now !== this.#authorities) this.#changed.abort()
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
    this.#refusal = message
    if (this.#told.has(message)) return
    if (this.#told.size >= mostTold) this.#told.clear()
    this.#told.add(message)
    const left =
      this.#credentials === undefined ? 'there is no certificate yet' : 'the present certificate stays'
    this.#options.log.warn({ code }, `the issuer gave no certificate, ${left}: ${message}`)
  }
}

/** Has a new key certified. Fails with DENIED when the certificate is for another key or node. */
async function enroll(
  { issuer, node }: Pick<EnrolmentOptions, 'issuer' | 'node'>,
  { connect, token = '' }: DialOptions & { readonly token?: string },
  signal: AbortSignal,
): Promise<Credentials> {
  const { publicKey, privateKey } = await newKeyPair('rsa', { modulusLength: 2048 })
  // A new channel each time: a used one pauses before it connects again.
  await using channel = dial(issuer, connect === undefined ? {} : { connect })
  const { certificates, authorities } = await channel
    .client(Issuer)
    .enroll(
      { publicKey: publicKey.export({ type: 'spki', format: 'der' }), token },
      { signal, timeoutMs: answerMs },
    )
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
