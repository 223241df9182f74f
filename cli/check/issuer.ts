import { X509Certificate } from 'node:crypto'
import type { ClusterPod } from '#cli/cluster/cluster-pod.ts'
import type { Check, Finding } from './check.ts'
import type { ConfigMap, EndpointSlice } from './objects.ts'

/** Whether managers get certificates and know whom to trust. */
export const issuer: Check = {
  id: 'issuer',
  what: 'managers get certificates, and know the authority of the others',
  find: async facts => {
    const [slices, authorities, programs, namespace, clock] = await Promise.all([
      facts.issuers(),
      facts.authorities(),
      facts.programs(),
      facts.meshNamespace(),
      facts.clock(),
    ])
    return judgeIssuer({ slices, authorities, programs, namespace, now: clock.server })
  },
}

/** What the issuer is judged by. */
interface Question {
  readonly slices: readonly EndpointSlice[]
  readonly authorities: ConfigMap | undefined
  readonly programs: readonly ClusterPod[]
  readonly namespace: string
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Judges the issuer's Service and the bundle that it publishes. */
export function judgeIssuer({ slices, authorities, programs, namespace, now }: Question): readonly Finding[] {
  if (programs.some(isInsecure))
    return [
      {
        severity: 'warning',
        object: `DaemonSet ${namespace}/nsm-manager`,
        finding:
          'NSM_INSECURE: managers talk without TLS; whoever reaches port 5001 may ask for any endpoint',
        remedy: 'take the variable away; the issuer of the default overlay gives certificates',
      },
    ]
  const ready = slices
    .flatMap(({ endpoints }) => endpoints ?? [])
    .some(({ conditions }) => conditions?.ready !== false)
  const away: readonly Finding[] = ready
    ? []
    : [
        {
          severity: 'error',
          object: `Service ${namespace}/nsm-issuer`,
          finding:
            'leads to no issuer that is ready: managers that start get no certificate, and then join pods of their own node only',
          remedy: `kubectl -n ${namespace} describe deployment,pods -l app=nsm-issuer`,
        },
      ]
  const fault = faultOf(authorities, now)
  if (fault === undefined) return away
  return [
    ...away,
    {
      severity: 'error',
      object: `ConfigMap ${namespace}/nsm-authorities`,
      finding: fault,
      remedy: `the issuer writes it: nsm logs issuer`,
    },
  ]
}

function isInsecure({ metadata, spec }: ClusterPod): boolean {
  if (metadata?.labels?.['app'] !== 'nsm-manager') return false
  return (spec?.containers ?? []).some(({ env }) =>
    (env ?? []).some(
      ({ name = '', value }) => ['NSM_INSECURE', 'INSECURE'].includes(name) && value === 'true',
    ),
  )
}

function faultOf(authorities: ConfigMap | undefined, now: number): string | undefined {
  const bundle = authorities?.data?.['ca.crt'] ?? ''
  if (bundle === '') return 'has no authority (ca.crt), so managers believe nobody'
  const texts = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    const ends = texts.map(text => new X509Certificate(text).validToDate.getTime())
    if (ends.some(end => end > now)) return undefined
    return ends.length === 0 ? 'has no certificate in ca.crt' : 'all its authorities have expired'
  } catch {
    return 'has a certificate in ca.crt that cannot be read'
  }
}
