import type { Log } from '#sdk/log.ts'
import type { SecretPlace } from './shared-secret.ts'

/** Calls back whenever the Secret may have changed, until the signal aborts. What it holds then is to be read: an event may be older than our own last write. */
export async function watchSecret(
  { api, namespace, name }: SecretPlace,
  changed: () => void,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Log },
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/secrets?fieldSelector=metadata.name%3D${encodeURIComponent(name)}`
  for await (const { type } of api.watch({ path, signal, log })) if (type !== 'SYNCED') changed()
}
