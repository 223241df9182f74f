import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { makeAuthority } from '#certs/authority.ts'
import { issue } from '#certs/issue.ts'
import { body } from './bodies.ts'
import { pinned } from './pinned.ts'

/** A server under measurement, in a process of its own. */
export interface Server extends AsyncDisposable {
  readonly url: string
  /** From its start to its first answer to a review, in milliseconds. */
  readonly startMs: number
  /** CPU time that it has used, in milliseconds, in steps of 10. */
  cpuMs(): Promise<number>
  /** Resident memory now, in MiB. */
  memory(): Promise<number>
}

const baseline = fileURLToPath(new URL('./baseline.ts', import.meta.url))

/** What to start. */
export type What = 'webhook' | 'baseline'

/** The certificate that all servers use, and where the files of the bench are; disposing removes them. */
export interface Place extends AsyncDisposable {
  readonly folder: string
  readonly certificate: string
  readonly key: string
}

/** Makes a folder with a certificate. */
export async function newPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'nsm-bench-'))
  const leaf = await issue(await makeAuthority('bench'), {
    names: ['localhost'],
    ips: ['127.0.0.1'],
    usage: 'server',
  })
  const place = { folder, certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
  await writeFile(place.certificate, leaf.certificate)
  await writeFile(place.key, leaf.key)
  return { ...place, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

/** Starts a server and waits for its first answer. */
export async function start(what: What, place: Place): Promise<Server> {
  const port = await freePort()
  const begun = performance.now()
  const child = what === 'webhook' ? startWebhook(place, port) : startBaseline(place, port)
  const url = `https://127.0.0.1:${port}/mutate`
  await firstAnswer(url, child)
  const startMs = performance.now() - begun
  return {
    url,
    startMs,
    cpuMs: () => cpuMs(child.pid),
    memory: () => memory(child.pid),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

/** The bundle that ships, with logging (to nowhere) and metrics on, and Node's options as they are in the cluster. */
function startWebhook({ certificate, key }: Place, port: number): ChildProcess {
  const env = {
    NSM_WEBHOOK_LISTEN: `127.0.0.1:${port}`,
    NSM_WEBHOOK_METRICS_LISTEN: '127.0.0.1:0',
    NSM_WEBHOOK_CERTIFICATE: 'files',
    NSM_WEBHOOK_DRAIN: '0s',
    NSM_CERT_FILE_PATH: certificate,
    NSM_KEY_FILE_PATH: key,
    NODE_OPTIONS: nodeOptions(),
  }
  return spawnPinned(['dist/webhook.js'], { ...process.env, ...env })
}

/** Node's options in the manifest. */
function nodeOptions(): string {
  const manifest = readFileSync('manifests/base/webhook/deployment.yaml', 'utf8')
  return /name: NODE_OPTIONS\n\s*value: (.*)\n/.exec(manifest)?.[1] ?? ''
}

function startBaseline({ certificate, key }: Place, port: number): ChildProcess {
  return spawnPinned([baseline, certificate, key, String(port)], process.env)
}

function spawnPinned(args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const [command = '', ...rest] = pinned('server', [process.execPath, ...args])
  return spawn(command, rest, { env, stdio: 'ignore' })
}

async function firstAnswer(url: string, child: ChildProcess): Promise<void> {
  const { text } = body('2.2 KB', 'annotated')
  while (child.exitCode === null) {
    if (await answers(url, text)) return
    await delay(1)
  }
  throw new Error(`the server ended with ${child.exitCode} before it answered`)
}

function answers(url: string, text: string): Promise<boolean> {
  return new Promise(resolve => {
    const headers = { 'content-type': 'application/json', 'content-length': text.length }
    request(url, { method: 'POST', headers, rejectUnauthorized: false, agent: false })
      .on('response', response => resolve(response.resume().statusCode === 200))
      .on('error', () => resolve(false))
      .end(text)
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function cpuMs(pid = 0): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

async function memory(pid = 0): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}
