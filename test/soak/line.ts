import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'

/** A request as bytes, and who is told of its answer. */
export interface Post {
  readonly bytes: Buffer
  readonly answered: (answer: Answer) => void
}

/** An answer, as far as a fuzzer looks at it. */
export interface Answer {
  readonly status: number
  readonly body: string
}

/** Where to connect, and the authority of the server's certificate. */
export interface Target {
  readonly url: string
  readonly ca: string
}

/** The longest that an answer may take, in milliseconds. */
const patience = 30_000

/**
 * Sends requests one after the other over one kept connection, byte for byte as they are. Rejects when the server closes
 * the connection or does not answer.
 */
export async function sendAll({ url, ca }: Target, next: () => Post | undefined): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), ca })
  await once(socket, 'secureConnect')
  for (let post = next(); post !== undefined; post = next()) {
    socket.write(post.bytes)
    post.answered(await readAnswer(socket))
  }
  socket.destroy()
}

async function readAnswer(socket: TLSSocket): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  let received: Buffer = Buffer.alloc(0)
  const take = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    const answer = answerIn(received)
    if (answer !== undefined) resolve(answer)
  }
  const fail = () => reject(new Error('the server closed the connection before it answered'))
  const timer = setTimeout(() => reject(new Error(`no answer in ${patience} ms`)), patience)
  socket.on('data', take).once('error', fail).once('close', fail)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    socket.off('data', take).off('error', fail).off('close', fail)
  }
}

/** The answer that some bytes are; undefined while it is not all there. */
function answerIn(bytes: Buffer): Answer | undefined {
  const split = bytes.indexOf('\r\n\r\n')
  if (split === -1) return undefined
  const head = bytes.toString('latin1', 0, split)
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
  if (bytes.length < split + 4 + length) return undefined
  return { status: Number(head.slice(9, 12)), body: bytes.toString('utf8', split + 4) }
}
