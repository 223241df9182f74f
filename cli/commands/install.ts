import { join } from 'node:path'
import { Command, Option } from 'commander'
import { stringify } from 'yaml'
import type { Context } from '#cli/context.ts'
import { deadlineOption } from '#cli/install/deadline-option.ts'
import { newDiscovery } from '#cli/install/discovery.ts'
import { install } from '#cli/install/install.ts'
import { kustomized, manifestsOf } from '#cli/install/kustomize.ts'
import type { Manifest } from '#cli/install/object.ts'
import { shippedManifests } from '#cli/install/shipped.ts'
import { showSteps } from '#cli/install/show-steps.ts'
import { withValues } from '#cli/install/values.ts'
import { readManifests } from '#cli/manifests.ts'
import { jsonOption } from '#cli/options.ts'
import { connectApi } from '#kube/connect-api.ts'
import { NsmError } from '#sdk/errors.ts'

interface InstallOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly overlay?: string
  readonly kustomize?: string
  readonly filename?: readonly string[]
  readonly imageTag?: string
  readonly registry?: string
  readonly set?: readonly string[]
  readonly wait: number
  readonly dryRun?: boolean
  readonly print?: boolean
  readonly force?: boolean
  readonly prune: boolean
  readonly json?: boolean
}

/** Milliseconds for an installation that waits for nothing. */
const withoutWaiting = 120_000

/** `nsm install`: the mesh on a Kubernetes cluster; the same again brings it up to date. */
export function installCommand(context: Context): Command {
  return new Command('install')
    .description('install the mesh on a Kubernetes cluster, or bring it up to date; running connections stay')
    .option('--kubeconfig <file>', 'kubeconfig file; default KUBECONFIG or ~/.kube/config')
    .option('--context <name>', 'its context; default the current one')
    .addOption(
      new Option(
        '--overlay <name>',
        'which of the manifests that come with this command; default is "default"',
      ).choices(['default', 'ha', 'test']),
    )
    .option('-k, --kustomize <folder>', 'a kustomization of yours instead')
    .option('-f, --filename <file...>', 'rendered manifests instead; - for standard input')
    .option('--image-tag <tag>', 'tag of all images, those of injected containers too')
    .option('--registry <prefix>', 'where all images are; default "networkservicemesh"')
    .option(
      '--set <key=value...>',
      'insecure=true, or a variable of a program: manager.NSM_REQUEST_TIMEOUT=10s',
    )
    .addOption(
      deadlineOption('how long it may take until every program is ready on every node; 0 does not wait'),
    )
    .option('--dry-run', 'ask the API server what would change, and change nothing')
    .option('--print', 'print the manifests, and do nothing')
    .option('--force', 'take over definitions and a webhook of another mesh')
    .option('--no-prune', 'keep what another version has installed and this one does not have')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample: nsm install --overlay ha --registry registry.example.com/nsm --image-tag v1\nIts end is `nsm uninstall`.',
    )
    .action(async (options: InstallOptions) => {
      const objects = withValues(await objectsOf(options), {
        registry: options.registry,
        tag: options.imageTag,
        set: options.set,
      })
      if (options.print === true) return context.out(objects.map(object => stringify(object)).join('---\n'))
      const { kubeconfig, context: name } = options
      await using api = await connectApi({
        ...(kubeconfig === undefined ? {} : { kubeconfig }),
        ...(name === undefined ? {} : { context: name }),
      })
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(options.wait || withoutWaiting)])
      const mode = options.dryRun === true ? 'dry run' : 'change'
      const steps = install({
        target: { api, discovery: newDiscovery(api, signal), signal, mode },
        objects,
        wait: options.wait > 0 && mode === 'change' ? 'all' : 'none',
        others: options.force === true ? 'take over' : 'refuse',
        leftovers: options.prune ? 'delete' : 'keep',
      })
      await showSteps(steps, context, options.json === true ? 'json' : 'lines')
    })
}

async function objectsOf(options: InstallOptions): Promise<readonly Manifest[]> {
  const given = [options.overlay, options.kustomize, options.filename].filter(option => option !== undefined)
  if (given.length > 1) throw new NsmError('BAD_USAGE', '--overlay, -k and -f: give one of them')
  if (options.filename !== undefined) {
    const files = await readManifests(options.filename)
    return files.flatMap(({ file, text }) => manifestsOf(text, file))
  }
  return kustomized(options.kustomize ?? join(shippedManifests(), 'overlays', options.overlay ?? 'default'))
}
