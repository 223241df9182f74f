import type { Made, Order } from '#certs/make.ts'
import type { RotationLimits } from '#certs/rotation.ts'
import type { KubeApi } from '#kube/api.ts'
import type { Log } from '#sdk/log.ts'
import type { KeyPair, KeyPairFiles } from './key-pair.ts'

/** Where the certificate comes from, and who is told of it. */
export interface CertificateOptions {
  /**
   * `files`: read and followed. `self`: made here, shared through a Secret, and published in the webhook configuration.
   * `secret`: the user's Secret, read and followed, never written; its `ca.crt` is published when it has one.
   */
  readonly source: 'files' | 'self' | 'secret'
  readonly files: KeyPairFiles
  /** DNS names and IP addresses of the certificate that is made: always with `self`, with `files` when it is missing. */
  readonly names: readonly string[]
  /** With `files`: a file of authorities to publish in the webhook configuration; empty publishes nothing. */
  readonly bundleFile: string
  /** Namespace of the Secret. */
  readonly namespace: string
  readonly secret: string
  /** Name of the MutatingWebhookConfiguration. */
  readonly configuration: string
  /** Name of this pod, by which it says what it serves. */
  readonly replica: string
  readonly limits: RotationLimits
  /** Needed for all but files. With it the certificate is ready only while the live webhook configuration verifies it. */
  readonly api?: KubeApi
  readonly log: Log
  /** Called with the first key pair and with each new one; new connections get it, open ones go on. */
  readonly use: (keyPair: KeyPair) => void
  /** What became of each attempt to publish the authorities, for a metric. */
  readonly onPatched?: (result: PatchResult) => void
  /** Who makes certificates; default a process of its own. */
  readonly make?: (order: Order, signal: AbortSignal) => Promise<Made>
  /** How often to look even if nothing happened, in milliseconds. Default one minute: a machine that was suspended gets no event. */
  readonly everyMs?: number
}

/** `foreign`: the configuration is somebody else's and was left alone. */
export type PatchResult = 'ok' | 'conflict' | 'failed' | 'foreign'

/** The certificate that is served. */
export interface Certificate extends AsyncDisposable {
  /** The key pair in use. */
  current(): KeyPair
  /** Why API servers could not use this webhook now; undefined when they can. */
  readyReason(): string | undefined
}
