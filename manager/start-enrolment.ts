import type { KubeApi } from '#kube/api.ts'
import type { Config } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { config } from './config.ts'
import { Enrolment } from './enrolment.ts'
import { serviceByName } from './issuer-address.ts'
import { proofFromFiles } from './issuer-proof.ts'
import { publishedAuthorities } from './kubernetes/authorities.ts'

/** What of the configuration decides how managers know each other. */
export type EnrolmentSettings = Pick<
  Config<typeof config>,
  'issuer' | 'issuerToken' | 'issuerAuthorities' | 'insecure' | 'listen' | 'node' | 'sharedNamespace'
>

/** Enrols at the issuer that the configuration names; undefined without one. Throws BAD_CONFIG when others could not be served safely. */
export function startEnrolment(
  settings: EnrolmentSettings,
  { log, api }: { readonly log: Log; readonly api?: KubeApi | undefined },
): Enrolment | undefined {
  const { issuer, issuerToken, issuerAuthorities, insecure, listen, node, sharedNamespace } = settings
  if (insecure) return undefined
  if (issuer === undefined) {
    if (listen === undefined) return undefined
    throw new NsmError(
      'BAD_CONFIG',
      'NSMD_API_ADDRESS: managers know each other by certificates; set NSM_ISSUER to where one is issued, or NSM_INSECURE=true to serve them without TLS',
    )
  }
  if (!issuer.startsWith('tcp:')) return new Enrolment({ issuer, node, log })
  if (issuerToken === '' || issuerAuthorities === '')
    throw new NsmError(
      'BAD_CONFIG',
      `NSM_ISSUER=${issuer}: over a network this manager shows a token, and only to the right issuer; set NSM_ISSUER_TOKEN_FILE and NSM_ISSUER_CA_FILE`,
    )
  const proof = proofFromFiles({
    serverName: `nsm-issuer.${sharedNamespace}.svc`,
    tokenFile: issuerToken,
    authoritiesFile: issuerAuthorities,
    log,
    publishedAuthorities:
      api === undefined ? undefined : () => publishedAuthorities({ api, namespace: sharedNamespace }),
  })
  // In a cluster the Service may have been made anew since this container was told its address.
  return new Enrolment({ issuer, elsewhere: api === undefined ? undefined : serviceByName, node, log, proof })
}
