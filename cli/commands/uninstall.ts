import { join } from 'node:path'
import { Command } from 'commander'
import type { Context } from '#cli/context.ts'
import { deadlineOption } from '#cli/install/deadline-option.ts'
import { newDiscovery } from '#cli/install/discovery.ts'
import { kustomized } from '#cli/install/kustomize.ts'
import { shippedManifests } from '#cli/install/shipped.ts'
import { showSteps } from '#cli/install/show-steps.ts'
import { uninstall } from '#cli/install/uninstall.ts'
import { jsonOption } from '#cli/options.ts'
import { connectApi } from '#kube/connect-api.ts'

interface UninstallOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly force?: boolean
  readonly skipNodes?: boolean
  readonly crds?: boolean
  readonly wait: number
  readonly json?: boolean
}

/** `nsm uninstall`: takes the mesh away from a Kubernetes cluster. */
export function uninstallCommand(context: Context): Command {
  return new Command('uninstall')
    .description(
      'take the mesh away from a Kubernetes cluster: webhook, programs, and every link on its nodes',
    )
    .option('--kubeconfig <file>', 'kubeconfig file; default KUBECONFIG or ~/.kube/config')
    .option('--context <name>', 'its context; default the current one')
    .option('--force', 'also while pods use it: they lose their links')
    .option('--skip-nodes', 'leave links on the nodes, where they stay until their pods end')
    .option('--crds', 'also delete the definitions, and with them all NetworkServices')
    .addOption(deadlineOption('how long it may take'))
    .addOption(jsonOption())
    .addHelpText('after', '\nIt may be repeated: what is gone already is passed over.')
    .action(async (options: UninstallOptions) => {
      const { kubeconfig, context: name } = options
      await using api = await connectApi({
        ...(kubeconfig === undefined ? {} : { kubeconfig }),
        ...(name === undefined ? {} : { context: name }),
      })
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(options.wait)])
      const steps = uninstall({
        target: { api, discovery: newDiscovery(api, signal), signal, mode: 'change' },
        // The one with the most objects.
        objects: await kustomized(join(shippedManifests(), 'overlays', 'ha')),
        users: options.force === true ? 'lose' : 'refuse',
        nodes: options.skipNodes === true ? 'skip' : 'clean',
        definitions: options.crds === true ? 'delete' : 'keep',
      })
      await showSteps(steps, context, options.json === true ? 'json' : 'lines')
    })
}
