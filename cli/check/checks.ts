import type { Check } from './check.ts'
import { clock } from './clock.ts'
import { customResources } from './custom-resources.ts'
import { devicePlugin } from './device-plugin.ts'
import { endpoints } from './endpoints.ts'
import { initMode } from './init-mode.ts'
import { injection } from './injection.ts'
import { issuer } from './issuer.ts'
import { kernels } from './kernels.ts'
import { kubernetesVersion } from './kubernetes-version.ts'
import { leases } from './leases.ts'
import { namespaceLabels } from './namespace-labels.ts'
import { networkPolicies } from './network-policies.ts'
import { podSecurity } from './pod-security.ts'
import { programVersions } from './program-versions.ts'
import { programs } from './programs.ts'
import { stuck } from './stuck.ts'
import { templates } from './templates.ts'
import { tunnels } from './tunnels.ts'
import { uninjected } from './uninjected.ts'
import { versionSkew } from './version-skew.ts'
import { webhookCertificate } from './webhook-certificate.ts'
import { webhookConfiguration } from './webhook-configuration.ts'
import { webhookEndpoints } from './webhook-endpoints.ts'

/** All checks, from what others rest on to what users see. */
export const checks: readonly Check[] = [
  kubernetesVersion,
  kernels,
  clock,
  customResources,
  webhookConfiguration,
  webhookCertificate,
  webhookEndpoints,
  injection,
  programs,
  devicePlugin,
  issuer,
  tunnels,
  leases,
  endpoints,
  programVersions,
  podSecurity,
  namespaceLabels,
  templates,
  stuck,
  uninjected,
  versionSkew,
  initMode,
  networkPolicies,
]
