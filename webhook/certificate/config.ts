import { usualLimits } from '#certs/rotation.ts'
import { type Config, setting } from '#runtime/config.ts'
import { duration, list, oneOf, text } from '#runtime/parse.ts'
import { NsmError } from '#sdk/errors.ts'
import { patchConfig } from '#webhook/settings.ts'
import type { CertificateOptions } from './options.ts'

/** Shorter lives, in milliseconds, would be used up by making certificates. */
const shortest = 10_000

/** The rows of the webhook's configuration that are about its certificate. */
export const certificateConfig = {
  certificateSource: setting<'files' | 'self' | 'secret'>({
    env: 'NSM_WEBHOOK_CERTIFICATE',
    parse: oneOf('files', 'self', 'secret'),
    default: 'files',
    doc: 'Where the certificate comes from: files (cert-manager or any mount), self (made and rotated here, shared through the Secret), secret (the user’s Secret, only read).',
  }),
  certificate: setting({
    env: 'NSM_CERT_FILE_PATH',
    parse: text,
    default: '/etc/webhook/certs/tls.crt',
    doc: 'With files: the certificate chain, PEM; read again when the file changes.',
  }),
  key: setting({
    env: 'NSM_KEY_FILE_PATH',
    parse: text,
    default: '/etc/webhook/certs/tls.key',
    doc: 'With files: the private key of the certificate, PEM.',
  }),
  bundleFile: setting({
    env: 'NSM_CA_FILE_PATH',
    parse: text,
    default: '',
    doc: 'With files: authorities, PEM, that are published as caBundle; empty leaves caBundle to others.',
  }),
  ownNames: setting({
    env: 'NSM_WEBHOOK_OWN_CERTIFICATE',
    parse: list,
    default: [],
    doc: 'DNS names and IP addresses of a certificate that is made here. With files: when the file is missing, one is made and written there, its CA as ca.crt beside it. With self: default the name of the Service.',
  }),
  certificateSecret: setting({
    env: 'NSM_WEBHOOK_SECRET',
    parse: text,
    default: 'nsm-webhook-certs',
    doc: 'With self and secret: name of the Secret.',
  }),
  ownNamespace: patchConfig.ownNamespace,
  serviceName: setting({
    env: 'NSM_WEBHOOK_SERVICE',
    parse: text,
    default: 'nsm-webhook',
    doc: 'Name of the Service by which API servers reach the webhook.',
  }),
  configurationName: setting({
    env: 'NSM_WEBHOOK_CONFIGURATION',
    parse: text,
    default: 'nsm-webhook',
    doc: 'Name of the MutatingWebhookConfiguration whose caBundle is kept.',
  }),
  podName: setting({
    env: 'NSM_WEBHOOK_POD_NAME',
    also: ['POD_NAME', 'HOSTNAME'],
    parse: text,
    default: 'nsm-webhook',
    doc: 'With self: name of this pod, by which it says in the Secret what it serves.',
  }),
  authorityLife: setting({
    env: 'NSM_WEBHOOK_AUTHORITY_LIFE',
    parse: life,
    default: usualLimits.authorityMs,
    doc: 'With self: life of an authority, not less than NSM_WEBHOOK_CERTIFICATE_LIFE; a new one is made after two thirds of it.',
  }),
  leafLife: setting({
    env: 'NSM_WEBHOOK_CERTIFICATE_LIFE',
    parse: life,
    default: usualLimits.leafMs,
    doc: 'With self: life of a certificate, at least 10s; a new one is made after two thirds of it.',
  }),
  propagation: setting({
    env: 'NSM_WEBHOOK_PROPAGATION',
    parse: duration,
    default: usualLimits.propagationMs,
    doc: 'How long an API server may take to notice a new caBundle.',
  }),
}

/** The part of the options that the configuration gives. Throws BAD_CONFIG when an authority would end before what it signs. */
export function certificateOptions(
  values: Config<typeof certificateConfig>,
): Omit<CertificateOptions, 'api' | 'log' | 'use' | 'onPatched' | 'make'> {
  const { certificateSource: source, ownNames, ownNamespace, authorityLife, leafLife, propagation } = values
  if (source === 'self' && authorityLife < leafLife)
    throw new NsmError(
      'BAD_CONFIG',
      `configuration: an authority would end before the certificate that it signs: NSM_WEBHOOK_AUTHORITY_LIFE is ${authorityLife / 1000}s, NSM_WEBHOOK_CERTIFICATE_LIFE ${leafLife / 1000}s; make the first at least as long as the second`,
    )
  const service = `${values.serviceName}.${ownNamespace}.svc`
  return {
    source,
    files: { certificate: values.certificate, key: values.key },
    names: ownNames.length > 0 || source === 'files' ? ownNames : [service],
    bundleFile: values.bundleFile,
    namespace: ownNamespace,
    secret: values.certificateSecret,
    configuration: values.configurationName,
    replica: values.podName,
    limits: {
      ...usualLimits,
      authorityMs: authorityLife,
      leafMs: leafLife,
      propagationMs: propagation,
    },
    // Each minute by the wall clock: no long timer, which a suspended machine would stop. Short lives are looked at oftener.
    everyMs: Math.min(60_000, leafLife / 30, authorityLife / 30),
  }
}

function life(value: string): number {
  const ms = duration(value)
  if (ms < shortest) throw new Error(`expected at least ${shortest / 1000}s`)
  return ms
}
