import { Command, Option } from 'commander'
import { type Context, checkMeshName, withMesh } from '#cli/context.ts'
import { readManifests } from '#cli/manifests.ts'
import { fileOption, meshOption, waitOption } from '#cli/options.ts'
import { showProgress } from '#cli/output/progress.ts'
import { start } from '#local/launch.ts'
import { NsmError } from '#sdk/errors.ts'
import { parsePrefixes } from '#sdk/workspace/parse-prefixes.ts'

interface UpOptions {
  readonly filename?: readonly string[]
  readonly name: string
  readonly nodes: number
  readonly underlay: 'ipv4' | 'ipv6'
  readonly underlayMtu: number
  readonly excludedPrefixes: readonly string[]
  readonly wait: number
  readonly capture?: boolean
  readonly foreground?: boolean
}

/** `nsm up`: starts a mesh and applies manifests to it. Ctrl-C while it works takes everything down again. */
export function upCommand(context: Context): Command {
  return new Command('up')
    .description('start a mesh on this machine and run the given manifests in it')
    .addOption(fileOption())
    .addOption(meshOption())
    .addOption(
      new Option('--nodes <count>', 'number of nodes').default(1).argParser(wholeNumber('--nodes', 1, 64)),
    )
    .addOption(
      new Option('--underlay <family>', 'addresses by which several nodes reach each other')
        .choices(['ipv4', 'ipv6'])
        .default('ipv4'),
    )
    .addOption(
      new Option('--underlay-mtu <bytes>', 'MTU of the network between the nodes')
        .default(1500)
        .argParser(wholeNumber('--underlay-mtu', 1280, 65_535)),
    )
    .addOption(
      new Option('--excluded-prefixes <cidrs>', 'prefixes that no connection may use, separated by commas')
        .default([], 'none')
        .argParser(prefixes),
    )
    .addOption(waitOption())
    .option('--capture', 'run a helper on each node that may read packets of pods, for nsm trace')
    .option('--foreground', 'stay, and take the mesh down on Ctrl-C')
    .addHelpText(
      'after',
      '\nExample: nsm up -f manifests/examples/vpn-gateway\nThe mesh runs until `nsm down`.',
    )
    .action(async (options: UpOptions) => {
      const manifests = await readManifests(options.filename ?? [])
      const capture = options.capture === true ? 'on' : 'off'
      await start({ ...options, capture, name: checkMeshName(options.name) }, context.signal)
      await finishOrTakeDown(options, context, () =>
        withMesh(options.name, ({ mesh }) =>
          showProgress(
            mesh.apply({ manifests: [...manifests], waitMs: options.wait }, { signal: context.signal }),
            context,
          ),
        ),
      )
    })
}

/** Ctrl-C during start takes the mesh down; any other failure leaves it up, so that the user can look at it. */
async function finishOrTakeDown(
  options: UpOptions,
  context: Context,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
    if (options.foreground !== true) return
    context.note('running; Ctrl-C takes it down\n')
    await aborted(context.signal)
    await takeDown(options.name, context)
  } catch (thrown) {
    if (!context.signal.aborted) throw thrown
    await takeDown(options.name, context)
    throw new NsmError('CANCELLED', `stopped; mesh "${options.name}" is down`, { cause: thrown })
  }
}

function takeDown(name: string, context: Context): Promise<void> {
  return withMesh(name, ({ mesh }) => showProgress(mesh.down({}), context))
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Reads the value of an option; BAD_USAGE when it is no whole number within bounds. */
function wholeNumber(option: string, min: number, max: number): (value: string) => number {
  return value => {
    const number = /^[0-9]{1,6}$/.test(value) ? Number(value) : -1
    if (number >= min && number <= max) return number
    throw new NsmError('BAD_USAGE', `${option} ${value}: expected a whole number from ${min} to ${max}`)
  }
}

function prefixes(value: string): readonly string[] {
  try {
    return parsePrefixes(value)
  } catch (cause) {
    throw new NsmError('BAD_USAGE', `--excluded-prefixes ${value}: ${NsmError.from(cause).message}`, {
      cause,
    })
  }
}
