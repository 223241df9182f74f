import { once } from 'node:events'
import { issuerService } from '#certs/issuer-service.ts'
import type { Made, Order } from '#certs/make.ts'
import { usualLimits } from '#certs/rotation.ts'
import type { KubeApi } from '#kube/api.ts'
import { connectApi } from '#kube/connect-api.ts'
import type { Config } from '#runtime/config.ts'
import { alive, readiness } from '#runtime/pages.ts'
import { serveHttp } from '#runtime/serve-http.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { type Server, serve } from '#sdk/rpc/serve.ts'
import { serverByName } from '#sdk/rpc/tls-by-name.ts'
import { SharedAuthority } from './authority.ts'
import type { config } from './config.ts'
import { nodeOfToken } from './node-of-token.ts'
import { newTurns } from './turns.ts'

const day = 24 * 3_600_000

/** Serves managers until the signal aborts. Throws BAD_CONFIG. */
export async function run(values: Config<typeof config>, signal: AbortSignal, log: Log): Promise<void> {
  const { kubeconfig } = values
  await using api = await connectApi(kubeconfig === '' ? 'in-cluster' : { kubeconfig })
  await using issuer = await startIssuer(values, { api, log })
  log.info({ address: issuer.address }, 'listening')
  if (!signal.aborted) await once(signal, 'abort')
}

/** What an issuer is started with. */
export interface IssuerMeans {
  readonly api: KubeApi
  readonly log: Log
  /** Who makes authorities; default a process of its own. */
  readonly make?: (order: Order, signal: AbortSignal) => Promise<Made>
}

/** A running issuer. */
export interface RunningIssuer extends Pick<Server, 'address'>, AsyncDisposable {
  /** Why managers could not be certified now; undefined when they can. */
  readyReason(): string | undefined
}

/** Starts an issuer: it listens at once, and serves when it has its authority. Throws BAD_CONFIG. */
export async function startIssuer(
  values: Config<typeof config>,
  { api, log, make }: IssuerMeans,
): Promise<RunningIssuer> {
  checkLives(values)
  const { namespace, account, audience, certificateLife } = values
  await using held = new AsyncDisposableStack()
  const authority = held.use(
    new SharedAuthority({ ...authorityOptions(values), api, log, ...(make === undefined ? {} : { make }) }),
  )
  const turns = newTurns()
  const server = held.use(
    await serve<string>({
      address: values.listen,
      log,
      secure: serverByName(() => authority.credentials()),
      peerOf: ({ remoteAddress }) => remoteAddress ?? '',
      services: [
        issuerService<string>({
          nodeOf: ({ peer, token, signal }) =>
            turns.run(peer, () => nodeOfToken(token, { api, namespace, account, audience }, signal), signal),
          authorities: signal => authority.current(signal),
          days: certificateLife / day,
          log,
        }),
      ],
    }),
  )
  const readyReason = () => authority.readyReason()
  if (values.probePort !== 0)
    held.use(
      await serveHttp(
        { port: values.probePort, setting: `NSM_ISSUER_PROBE_PORT=${values.probePort}` },
        { '/healthz': alive, '/readyz': readiness(readyReason) },
      ),
    )
  const kept = held.move()
  return {
    address: server.address,
    readyReason,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

function authorityOptions(values: Config<typeof config>) {
  const { namespace, secret, configMap, service, authorityLife, certificateLife, propagation } = values
  // The issuer's own certificate outlives many of the managers', so that a mounted bundle is never too late for it.
  const leafMs = Math.min(usualLimits.leafMs, authorityLife / 2)
  return {
    namespace,
    secret,
    configMap,
    names: [`${service}.${namespace}.svc`],
    limits: {
      ...usualLimits,
      authorityMs: authorityLife,
      leafMs,
      certificateMs: certificateLife,
      propagationMs: propagation,
    },
    everyMs: Math.min(60_000, certificateLife / 20),
  }
}

/** The last third of an authority's life has to hold both waits of a rotation. */
function checkLives({ authorityLife, certificateLife, propagation }: Config<typeof config>): void {
  const least = 8 * (certificateLife + propagation)
  if (authorityLife >= least) return
  throw new NsmError(
    'BAD_CONFIG',
    `configuration: NSM_ISSUER_AUTHORITY_LIFE is ${authorityLife / 1000}s, and a change of authorities takes twice NSM_ISSUER_CERTIFICATE_LIFE and NSM_ISSUER_PROPAGATION; give it ${least / 1000}s or more`,
  )
}
