import { Command } from 'commander'
import type { Context } from '#cli/context.ts'
import type { KubeApi } from '#kube/api.ts'
import { connectApi } from '#kube/connect-api.ts'

/** Where the objects are, as the options say. */
export interface ClusterOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace: string
  readonly secret: string
  readonly configuration: string
}

/** A cluster, and where in it the objects are. */
export interface Cluster extends ClusterOptions {
  readonly api: KubeApi
  readonly signal: AbortSignal
}

/** One of the commands of `nsm certs`, with the options that all have. */
export function certsSubCommand(name: string, context: Context): Command {
  return new Command(name)
    .exitOverride()
    .configureOutput({ writeOut: context.out, writeErr: context.note })
    .option('--kubeconfig <file>', 'kubeconfig file; default KUBECONFIG or ~/.kube/config')
    .option('--context <name>', 'its context; default the current one')
    .option('-n, --namespace <namespace>', 'namespace of the webhook', 'nsm-system')
    .option('--secret <name>', 'Secret of the certificate', 'nsm-webhook-certs')
    .option('--configuration <name>', 'MutatingWebhookConfiguration', 'nsm-webhook')
}

/** Calls `use` with the cluster that the options name. */
export async function withCluster<T>(
  options: ClusterOptions,
  signal: AbortSignal,
  use: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const { kubeconfig, context } = options
  await using api = await connectApi({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  })
  return await use({ ...options, api, signal })
}

/** The Secret of a cluster, for `readSecret`. */
export function placeOf({ api, namespace, secret }: Cluster) {
  return { api, namespace, name: secret }
}
