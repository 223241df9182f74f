import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeAuthority } from '#certs/authority.ts'
import { issue } from '#certs/issue.ts'
import { readConfig } from '#runtime/config.ts'
import { type Log, silent } from '#sdk/log.ts'
import { swapSecret } from '#webhook/certificate/mounted-secret.fixture.ts'
import { send } from '#webhook/http/https.contract.ts'
import { config } from './config.ts'
import { run } from './run.ts'

let folder: string
let stop: AbortController

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsm-webhook-'))
  stop = new AbortController()
})

afterEach(async () => {
  stop.abort()
  await rm(folder, { recursive: true, force: true })
})

describe('run()', () => {
  it('logs where it listens, serves, and ends when told to', async () => {
    const log = listening()
    const done = start({ NSM_WEBHOOK_OWN_CERTIFICATE: 'webhook.test,127.0.0.1' }, log)
    const { url } = await log.until('listening')
    const ca = await readFile(join(folder, 'ca.crt'), 'utf8')
    expect((await send({ method: 'GET', url: `${String(url)}/healthz`, ca: ca })).body).toBe('ok\n')
    expect((await stat(join(folder, 'tls.key'))).mode & 0o777).toBe(0o600)
    stop.abort()
    await done
    await expect(send({ method: 'GET', url: `${String(url)}/healthz`, ca: ca })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
  })

  it('serves the new certificate when kubelet swaps the Secret, and the old one while the new is broken', async () => {
    const authority = await makeAuthority('test')
    await putSecret(authority, { version: '1', name: 'first.test' })
    const log = listening()
    const done = start({}, log)
    const { url } = await log.until('listening')
    const served = async () =>
      (await send({ method: 'GET', url: `${String(url)}/readyz`, ca: authority.certificate })).server
    expect(await served()).toBe('first.test')

    await writeFile(join(await putFolder('broken'), 'tls.crt'), 'half')
    await swapSecret(folder, 'broken')
    await log.until('the new certificate is not usable; the old one stays')
    expect(await served()).toBe('first.test')

    await putSecret(authority, { version: '2', name: 'second.test' })
    await log.until('the certificate was replaced')
    expect(await served()).toBe('second.test')
    stop.abort()
    await done
  })

  it('leaves a certificate that is there alone', async () => {
    const authority = await makeAuthority('test')
    await putSecret(authority, { version: '1', name: 'first.test' })
    const log = listening()
    const done = start({ NSM_WEBHOOK_OWN_CERTIFICATE: 'other.test' }, log)
    await log.until('listening')
    expect(existsSync(join(folder, 'ca.crt'))).toBe(false)
    stop.abort()
    await done
  })

  it('fails with BAD_CONFIG that says what to do when there is no certificate', async () => {
    await expect(start({}, silent)).rejects.toThrow(/tls\.crt.*mount the Secret/)
  })

  it('fails with BAD_CONFIG when key and certificate do not belong together', async () => {
    const [one, other] = await Promise.all([makeAuthority('one'), makeAuthority('other')])
    await writeFile(join(folder, 'tls.crt'), one.certificate)
    await writeFile(join(folder, 'tls.key'), other.key)
    await expect(start({}, silent)).rejects.toThrow('not the certificate’s')
  })
})

function start(env: Readonly<Record<string, string>>, log: Log): Promise<void> {
  const files = { NSM_CERT_FILE_PATH: join(folder, 'tls.crt'), NSM_KEY_FILE_PATH: join(folder, 'tls.key') }
  return run(readConfig(config, { NSM_WEBHOOK_LISTEN: '127.0.0.1:0', ...files, ...env }), stop.signal, log)
}

/** Mounts a Secret as kubelet does: files are links through `..data`, which is swapped in one rename. */
async function putSecret(
  authority: Awaited<ReturnType<typeof makeAuthority>>,
  { version, name }: { readonly version: string; readonly name: string },
): Promise<void> {
  const leaf = await issue(authority, { names: [name], ips: ['127.0.0.1'] })
  const target = await putFolder(version)
  await writeFile(join(target, 'tls.crt'), leaf.certificate)
  await writeFile(join(target, 'tls.key'), leaf.key)
  await swapSecret(folder, version)
}

async function putFolder(version: string): Promise<string> {
  await mkdir(join(folder, version))
  return join(folder, version)
}

interface Listening extends Log {
  /** Resolves with the fields of the first line of that text. */
  until(message: string): Promise<Readonly<Record<string, unknown>>>
}

function listening(): Listening {
  const lines = new Map<string, PromiseWithResolvers<Readonly<Record<string, unknown>>>>()
  const line = (message: string) => {
    const known = lines.get(message) ?? Promise.withResolvers<Readonly<Record<string, unknown>>>()
    lines.set(message, known)
    return known
  }
  const write = (fields: object, message: string) => line(message).resolve({ ...fields })
  return { debug: write, info: write, warn: write, error: write, until: message => line(message).promise }
}
