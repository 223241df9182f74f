import { Agent } from 'node:https'
import type { TestServer } from './server.contract.ts'

/** Clients that ask without pause over connections that they keep, as API servers do. */
export interface Load extends AsyncDisposable {
  /** Answers by server, in the order in which the servers were given. */
  readonly answers: readonly number[]
  /** Distinct names of the certificates that were seen. */
  readonly certificates: ReadonlySet<string>
  /** What was no 200. */
  readonly failures: readonly string[]
  /** Resolves when every client has had an answer, and so has its connection. */
  readonly connected: Promise<void>
  /** Stops and waits for the last answers. */
  stop(): Promise<void>
}

/**
 * Asks some servers. Each client stays at one until that says `connection: close`; then it goes to any that is ready, as
 * a Service does it for API servers.
 */
export function startLoad(servers: readonly TestServer[], clients: number, body: string): Load {
  const answers = servers.map(() => 0)
  const certificates = new Set<string>()
  const failures: string[] = []
  const end = new AbortController()
  const connected = Promise.withResolvers<void>()
  const answered = new Set<number>()
  const ask = async (client: number) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    let at = client % servers.length
    while (!end.signal.aborted) {
      const answer = await servers[at]?.post({ body, agent }).catch((error: unknown) => String(error))
      if (typeof answer !== 'object' || answer.status !== 200) failures.push(JSON.stringify(answer))
      else {
        answers[at] = (answers[at] ?? 0) + 1
        certificates.add(answer.server)
        if (answered.add(client).size === clients) connected.resolve()
        if (answer.connection === 'close') at = await readyOne(servers)
      }
    }
    agent.destroy()
  }
  const done = Promise.all(Array.from({ length: clients }, (_, client) => ask(client)))
  const stop = async () => {
    end.abort()
    await done
  }
  return { answers, certificates, failures, connected: connected.promise, stop, [Symbol.asyncDispose]: stop }
}

async function readyOne(servers: readonly TestServer[]): Promise<number> {
  const states = await Promise.all(
    servers.map(server => server.post({ method: 'GET', path: '/readyz' }).catch(() => ({ status: 0 }))),
  )
  return states.findIndex(({ status }) => status === 200)
}
