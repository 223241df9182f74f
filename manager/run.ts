import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { peerOf } from '#kernel/peer.ts'
import { peerLives } from '#kernel/peer-lives.ts'
import type { Config } from '#runtime/config.ts'
import { version } from '#runtime/version.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { Credentials } from '#sdk/rpc/tls.ts'
import type { config } from './config.ts'
import type { Enrolment } from './enrolment.ts'
import { type Cluster, joinCluster } from './kubernetes/join.ts'
import { ownNetnsCookie } from './own-netns.ts'
import { startManager } from './start.ts'
import { startEnrolment } from './start-enrolment.ts'

/** Milliseconds that the start waits for the first certificate; without one it goes on, and other nodes wait. */
const enrolmentMs = 2000

/** Serves until the signal aborts. What is connected stays connected. */
export async function run(settings: Config<typeof config>, signal: AbortSignal, log: Log): Promise<void> {
  await using undo = new AsyncDisposableStack()
  const cluster = settings.kubernetes
    ? undo.use(await joinCluster({ ...settings, peerOf, peerLives, log }))
    : undefined
  const enrolment = startEnrolment(settings, { log, api: cluster?.api })
  if (enrolment !== undefined) undo.use(enrolment)
  await enrolment?.ready(enrolmentMs)
  const manager = undo.use(
    await startManager({
      ...settings,
      baseDir: resolve(settings.baseDir),
      excludedPrefixes: prefixesOf(settings, cluster),
      nodePods: cluster?.nodePods,
      registryOf: cluster?.registryOf,
      report: cluster?.report,
      // On Kubernetes this is the manager's own pod, and hostNetwork is said by the pods' specs.
      nodeCookie: settings.allowHostNetwork ? undefined : await ownNetnsCookie(peerOf),
      bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      forwarderWaitMs: settings.forwarderWait,
      endpointWaitMs: settings.endpointWait,
      timeoutMs: settings.timeout,
      peerOf: cluster?.peerOf ?? peerOf,
      version,
      security: settings.insecure ? 'insecure' : () => credentialsOf(enrolment),
      log,
    }),
  )
  log.info({ node: settings.node, baseDir: settings.baseDir, url: manager.url }, 'the manager serves')
  if (!signal.aborted) await once(signal, 'abort')
}

/** What is set goes before what the cluster says. */
function prefixesOf(
  { excludedPrefixes }: Config<typeof config>,
  cluster: Cluster | undefined,
): () => readonly string[] {
  return excludedPrefixes.length > 0 || cluster === undefined ? () => excludedPrefixes : cluster.prefixes
}

function credentialsOf(enrolment: Enrolment | undefined): Credentials {
  if (enrolment !== undefined) return enrolment.current()
  throw new NsmError(
    'BAD_CONFIG',
    'this manager has no certificate for other managers: set NSM_ISSUER to where one is issued, or NSM_INSECURE=true',
  )
}
