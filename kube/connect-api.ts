import { NsmError } from '#sdk/errors.ts'
import { type AccessSource, cached } from './access.ts'
import type { KubeApi } from './api.ts'
import { inCluster } from './in-cluster.ts'
import type { KubeconfigSource } from './kubeconfig.ts'
import { restApi } from './rest-api.ts'

/** An API server whose address is known. */
export interface KnownServer {
  /** `https://host:port`. */
  readonly server: string
  /** Its authority, PEM. */
  readonly ca: string
  readonly token: string
}

/** Where the API server is: as this pod's service account, as a kubeconfig says, or known. */
export type ApiSource = 'in-cluster' | KubeconfigSource | KnownServer

/**
 * A client of the API server. Nothing is sent yet, so it need not answer; token and certificates are read again each
 * minute. Throws BAD_CONFIG when the place says nothing usable.
 */
export async function connectApi(source: ApiSource): Promise<KubeApi & AsyncDisposable> {
  return restApi(await accessTo(source))
}

/** Where the API server is and how it lets us in, read once. Throws as `connectApi` does. */
export async function accessTo(source: ApiSource): Promise<AccessSource> {
  const access = cached(await sourceOf(source))
  await access()
  return access
}

async function sourceOf(source: ApiSource): Promise<AccessSource> {
  if (source === 'in-cluster') return inCluster()
  if ('token' in source) return async () => known(source)
  const where = source.kubeconfig ?? process.env['KUBECONFIG'] ?? '~/.kube/config'
  const orRefuse = (cause: unknown): never => {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new NsmError('BAD_CONFIG', `kubeconfig ${where}: ${why}`, { cause })
  }
  try {
    const { fromKubeconfig } = await import('./kubeconfig.ts')
    const read = fromKubeconfig(source)
    return () => read().catch(orRefuse)
  } catch (cause) {
    return orRefuse(cause)
  }
}

function known({ server, ca, token }: KnownServer) {
  return { server: new URL(server), tls: { ca }, headers: { authorization: `Bearer ${token}` } }
}
