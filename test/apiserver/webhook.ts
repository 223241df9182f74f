import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { makeAuthority } from '#certs/authority.ts'
import { issue } from '#certs/issue.ts'
import { temporaryFolder } from './folder.ts'
import { freePorts } from './ports.ts'

/** One line of the webhook's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string }

/** The webhook program as a process, which can be stopped and started again at the same address. */
export interface Webhook extends AsyncDisposable {
  /** `https://127.0.0.1:port`. */
  readonly url: string
  /** Authority of its certificate, PEM. */
  readonly ca: string
  /** Its lines so far; those of reviews have a `uid`. */
  readonly log: readonly LogLine[]
  /** Starts it again; resolves when it listens. */
  start(): Promise<void>
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
}

/** Starts `dist/webhook.js` with a certificate from files; `env` overrides its configuration. */
export async function startWebhook(env: Readonly<Record<string, string>> = {}): Promise<Webhook> {
  await using made = new AsyncDisposableStack()
  const { path: folder } = made.use(await temporaryFolder())
  const authority = await makeAuthority('nsm test webhook')
  const leaf = await issue(authority, { ips: ['127.0.0.1'], usage: 'server' })
  await writeFile(join(folder, 'tls.crt'), leaf.certificate)
  await writeFile(join(folder, 'tls.key'), leaf.key, { mode: 0o600 })
  const [port = 0] = await freePorts(1)
  const settings = {
    NSM_WEBHOOK_LISTEN: `127.0.0.1:${port}`,
    NSM_CERT_FILE_PATH: join(folder, 'tls.crt'),
    NSM_KEY_FILE_PATH: join(folder, 'tls.key'),
    TAG: 'test',
    ...env,
  }
  const log: LogLine[] = []
  let stop = async (): Promise<number | null> => null
  const start = async () => {
    stop = await launch({ ...process.env, ...settings }, log)
  }
  made.defer(async () => {
    await stop()
  })
  await start()
  const kept = made.move()
  return {
    url: `https://127.0.0.1:${port}`,
    ca: authority.certificate,
    log,
    start,
    stop: () => stop(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** Gives the way to end it. */
async function launch(env: NodeJS.ProcessEnv, log: LogLine[]): Promise<() => Promise<number | null>> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, 'dist/webhook.js'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'close') as Promise<[number | null]>
  const complaints: string[] = []
  const listening = Promise.withResolvers<void>()
  createInterface({ input: child.stderr }).on('line', line => {
    if (!line.startsWith('{')) {
      complaints.push(line)
      return
    }
    const said = JSON.parse(line) as LogLine
    log.push(said)
    if (said.msg === 'listening') listening.resolve()
  })
  const failed = ended.then(() => {
    throw new Error(`the webhook ended: ${complaints.join('\n')}`)
  })
  await Promise.race([listening.promise, failed])
  failed.catch(() => undefined)
  return async () => {
    child.kill('SIGTERM')
    return (await ended)[0]
  }
}
