import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeAuthority } from '#certs/authority.ts'
import { issue } from '#certs/issue.ts'
import { isReady, type WebhookAddress } from '#local/admission/reviewer.ts'
import { Program } from '#local/processes/program.ts'
import { programPath } from '#local/program-path.ts'
import type { Log } from '#sdk/log.ts'
import { meshFolder } from './places.ts'

/** The webhook's port in the supervisor's network namespace, where nobody else listens. */
const port = 8443

/** A running webhook. */
export interface Webhook extends AsyncDisposable {
  readonly address: WebhookAddress
  readonly program: Program
}

/** Starts the webhook with a certificate of its own authority; resolves when it is ready. */
export async function startWebhook(env: Readonly<Record<string, string>>, log: Log): Promise<Webhook> {
  const folder = join(meshFolder, 'webhook')
  const authority = await makeAuthority('nsm local mesh')
  const { certificate, key } = await issue(authority, {
    names: ['localhost'],
    ips: ['127.0.0.1'],
    usage: 'server',
  })
  await mkdir(folder, { mode: 0o700 })
  await Promise.all([
    writeFile(join(folder, 'tls.crt'), certificate),
    writeFile(join(folder, 'tls.key'), key, { mode: 0o600 }),
  ])
  const program = new Program({
    name: 'webhook',
    argv: [process.execPath, programPath('webhook')],
    env: {
      ...env,
      // Also when this machine is itself a pod: the mesh here is another one than its cluster.
      KUBERNETES_SERVICE_HOST: '',
      NSM_WEBHOOK_KUBECONFIG: '',
      NSM_WEBHOOK_CERTIFICATE: 'files',
      NSM_WEBHOOK_LISTEN: `127.0.0.1:${port}`,
      NSM_CERT_FILE_PATH: join(folder, 'tls.crt'),
      NSM_KEY_FILE_PATH: join(folder, 'tls.key'),
    },
    log,
  })
  const address = { port, authority: authority.certificate }
  try {
    await program.ready(() => isReady(address))
  } catch (cause) {
    await program[Symbol.asyncDispose]()
    throw cause
  }
  return { address, program, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
}
