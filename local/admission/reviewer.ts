import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import type { AdmissionRequest, AdmissionResponse } from '#kube/admission-review.ts'
import { isObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'

/** Where the webhook is, and whose certificate it must have. */
export interface WebhookAddress {
  readonly port: number
  /** PEM. */
  readonly authority: string
}

/** Asks the webhook about one object. */
export type Reviewer = (question: AdmissionRequest) => Promise<AdmissionResponse>

/** The reviewer that asks the running webhook over HTTPS, as an API server does. Throws INTERNAL when it does not answer. */
export function webhookReviewer(address: WebhookAddress): Reviewer {
  return async question => {
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: question }
    const answer: unknown = JSON.parse(await post(address, JSON.stringify(review)))
    if (isObject(answer) && isResponse(answer['response'])) return answer['response']
    throw new NsmError('INTERNAL', 'the webhook answered something that is no AdmissionReview')
  }
}

/** Waits for nothing: one attempt to find out whether the webhook is ready. */
export async function isReady(address: WebhookAddress): Promise<void> {
  await send(address, { method: 'GET', path: '/readyz' })
}

function post(address: WebhookAddress, body: string): Promise<string> {
  return send(address, { method: 'POST', path: '/mutate', body })
}

interface Message {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
}

async function send({ port, authority }: WebhookAddress, { method, path, body }: Message): Promise<string> {
  const signal = AbortSignal.timeout(10_000)
  const headers =
    body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const call = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    ca: authority,
    headers,
    signal,
    agent: false,
  })
  const answered: Promise<IncomingMessage[]> = once(call, 'response')
  call.end(body)
  const [status, answer] = await readAnswer(answered)
  if (status === 200) return answer
  throw new NsmError('INTERNAL', `the webhook answered ${status}: ${answer.trim()}`)
}

async function readAnswer(answered: Promise<IncomingMessage[]>): Promise<readonly [number, string]> {
  try {
    const [response] = await answered
    return response === undefined ? [0, ''] : [response.statusCode ?? 0, await text(response)]
  } catch (cause) {
    throw new NsmError(
      'INTERNAL',
      `asking the webhook: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    )
  }
}

function isResponse(value: unknown): value is AdmissionResponse {
  return isObject(value) && typeof value['allowed'] === 'boolean'
}
