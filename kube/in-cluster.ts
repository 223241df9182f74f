import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { NsmError } from '#sdk/errors.ts'
import type { AccessSource } from './access.ts'

/** Where a pod finds its identity. */
export interface PodIdentity {
  /** Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default `/var/run/secrets/kubernetes.io/serviceaccount`. */
  readonly folder?: string
}

/** Access with the service account that the kubelet projects into a pod. The source throws BAD_CONFIG outside of one. */
export function inCluster(identity: PodIdentity = {}): AccessSource {
  const { env = process.env, folder = '/var/run/secrets/kubernetes.io/serviceaccount' } = identity
  return async () => {
    const host = env['KUBERNETES_SERVICE_HOST'] ?? ''
    const port = env['KUBERNETES_SERVICE_PORT'] ?? ''
    if (host === '' || port === '')
      throw new NsmError(
        'BAD_CONFIG',
        'the API server: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; is this a pod?',
      )
    const [token, ca] = await Promise.all([read(join(folder, 'token')), read(join(folder, 'ca.crt'))])
    return {
      server: new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`),
      tls: { ca },
      headers: { authorization: `Bearer ${token.trim()}` },
    }
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new NsmError(
      'BAD_CONFIG',
      `the API server: ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}; the pod needs a service account whose token is mounted`,
      { cause },
    )
  }
}
