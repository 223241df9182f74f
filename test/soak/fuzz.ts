import { readReview } from '#kube/admission-review.ts'
import { goldenCases } from '#webhook/golden.contract.ts'
import { type Answer, type Post, sendAll, type Target } from './line.ts'
import { mutate } from './mutate.ts'
import { newRandom, type Random } from './random.ts'

/** What to send. */
export interface Fuzz {
  readonly seed: number
  readonly count: number
  /** Called now and then with the number of answers. */
  readonly progress?: (done: number) => void
}

/** What came of it. */
export interface Fuzzed {
  /** Answers by status. */
  readonly statuses: Readonly<Record<number, number>>
  /** Answers that may not be, at most twenty, each with the start of its request. */
  readonly wrong: readonly string[]
}

/** Bodies that are larger take the time of many others and meet the same code. */
const largest = 32 * 1024

/** Sends mutated reviews of the goldens over eight kept connections, and judges each answer. */
export async function fuzz(target: Target, { seed, count, progress }: Fuzz): Promise<Fuzzed> {
  const random = newRandom(seed)
  const bodies = goldenCases()
    .map(({ question }) => Buffer.from(JSON.stringify({ kind: 'AdmissionReview', ...question })))
    .filter(({ length }) => length < largest)
  const statuses: Record<number, number> = {}
  const wrong: string[] = []
  let [sent, done] = [0, 0]
  const next = (): Post | undefined => {
    if (sent >= count) return undefined
    sent++
    const body = mutate({
      body: bodies[random.below(bodies.length)] ?? Buffer.alloc(0),
      others: bodies,
      random,
    })
    const line = requestLine(random)
    return {
      bytes: Buffer.concat([Buffer.from(`${line.head}content-length: ${body.length}\r\n\r\n`), body]),
      answered: answer => {
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
        const fault =
          line.status === undefined ? faultOf(answer, body) : answer.status !== line.status && 'the status'
        if (fault !== false && wrong.length < 20)
          wrong.push(
            `${fault}: ${answer.status} ${answer.body.slice(0, 200)} to ${body.toString('latin1', 0, 2_000)}`,
          )
        done++
        if (done % 10_000 === 0) progress?.(done)
      },
    }
  }
  await Promise.all(Array.from({ length: 8 }, () => sendAll(target, next)))
  return { statuses, wrong }
}

interface RequestLine {
  readonly head: string
  /** The only status that is right, where it is not the body's to say. */
  readonly status?: number
}

function requestLine(random: Random): RequestLine {
  const post = 'POST /mutate HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n'
  switch (random.below(64)) {
    case 0:
      return { head: post.replace('application/json', 'text/plain'), status: 415 }
    case 1:
      return { head: `${post}content-encoding: gzip\r\n`, status: 415 }
    case 2:
      return { head: post.replace('POST', 'PUT'), status: 405 }
    case 3:
      return { head: post.replace('/mutate', '/mutate%00'), status: 404 }
    case 4:
    case 5:
    case 6:
    case 7:
      return { head: post.replace('/mutate', '/mutate/inherited') }
    default:
      return { head: post }
  }
}

/** What is wrong with an answer to a body; false when nothing is. */
function faultOf({ status, body }: Answer, sent: Buffer): string | false {
  if (status === 200) return isReview(body) ? false : 'no review'
  if (status !== 400 && status !== 503) return 'the status'
  return status === 400 && isQuestion(sent) && !/more than \d+ (?:levels|values)/.test(body)
    ? 'a good question refused'
    : false
}

function isReview(text: string): boolean {
  const json = JSON.parse(text) as {
    readonly response?: { readonly uid?: unknown; readonly allowed?: unknown }
  }
  return typeof json.response?.uid === 'string' && typeof json.response.allowed === 'boolean'
}

function isQuestion(sent: Buffer): boolean {
  try {
    readReview(JSON.parse(sent.toString('utf8')))
    return true
  } catch {
    return false
  }
}
