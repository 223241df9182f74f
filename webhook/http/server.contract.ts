import { makeAuthority } from '#certs/authority.ts'
import { issue } from '#certs/issue.ts'
import { type Log, silent } from '#sdk/log.ts'
import { settings } from '#webhook/golden.contract.ts'
import { type Metrics, newMetrics } from '#webhook/metrics/metrics.ts'
import { type Answer, type Sent, send } from './https.contract.ts'
import { newServer, type ServerOptions, type WebhookServer } from './server.ts'

/** A server of a test, with a certificate of its own. */
export interface TestServer extends AsyncDisposable {
  readonly server: WebhookServer
  readonly url: string
  readonly ca: string
  readonly metrics: Metrics
  /** Sends a request; the path defaults to `/mutate`. */
  post(sent: Partial<Sent> & { readonly path?: string }): Promise<Answer>
  /** The value of one series of the metrics, as `name{labels}`; 0 when it is not there. */
  count(series: string): Promise<number>
}

/** A line of a log. */
export interface Line {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

const authority = await makeAuthority('test')

/** A certificate for 127.0.0.1, of the authority of every test server. */
export async function testKeyPair(name = 'webhook.test') {
  const leaf = await issue(authority, { names: [name], ips: ['127.0.0.1'], usage: 'server' })
  return { cert: leaf.certificate, key: leaf.key }
}

const keyPair = await testKeyPair()

/** Serves on a free port, with the settings of the goldens, namespaces that nobody annotated, and no log. */
export async function testServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const metrics = newMetrics('test')
  const server = newServer({
    keyPair,
    settings,
    log: silent,
    metrics,
    namespaces: { annotationsOf: async () => ({}) },
    events: { record: () => undefined },
    readyReason: () => undefined,
    ...options,
  })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  const ca = authority.certificate
  return {
    server,
    url,
    ca,
    metrics,
    post: sent => send({ url: new URL(sent.path ?? '/mutate', url), ca, ...sent }),
    async count(series) {
      const { text } = await metrics.print()
      const line = text.split('\n').find(one => one.startsWith(`${series} `))
      return line === undefined ? 0 : Number(line.slice(series.length + 1))
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** A log that keeps its lines. */
export function keptLog(): Log & { readonly lines: readonly Line[] } {
  const lines: Line[] = []
  const keep = (level: Line['level']) => (fields: object, message: string) => {
    lines.push({ level, message, fields: { ...fields } })
  }
  return { lines, debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') }
}
