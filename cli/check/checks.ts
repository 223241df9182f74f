import type { Check } from './check.ts'
import { clock } from './clock.ts'
import { initMode } from './init-mode.ts'
import { injection } from './injection.ts'
import { kubernetesVersion } from './kubernetes-version.ts'
import { namespaceLabels } from './namespace-labels.ts'
import { podSecurity } from './pod-security.ts'
import { stuck } from './stuck.ts'
import { templates } from './templates.ts'
import { uninjected } from './uninjected.ts'
import { versionSkew } from './version-skew.ts'
import { webhookCertificate } from './webhook-certificate.ts'
import { webhookConfiguration } from './webhook-configuration.ts'
import { webhookEndpoints } from './webhook-endpoints.ts'

/** All checks, from what others rest on to what users see. */
export const checks: readonly Check[] = [
  kubernetesVersion,
  clock,
  webhookConfiguration,
  webhookCertificate,
  webhookEndpoints,
  injection,
  podSecurity,
  namespaceLabels,
  templates,
  stuck,
  uninjected,
  versionSkew,
  initMode,
]
