import { Command, Option } from 'commander'
import type { Context } from '#cli/context.ts'
import { addTarget, namespaceOption } from '#cli/options.ts'
import { type TargetOptions, withTarget } from '#cli/target.ts'
import { NsmError } from '#sdk/errors.ts'
import { findPod } from './find-pod.ts'

interface LogsOptions extends TargetOptions {
  readonly container?: string
  readonly follow?: boolean
  readonly tail: number
  readonly namespace: string
}

/** `nsm logs`: what a pod's containers, or one of the mesh's own programs, have written. */
export function logsCommand(context: Context): Command {
  return addTarget(new Command('logs'))
    .description('print the output of a pod, or of manager, forwarder, registry, webhook')
    .argument('<pod>', 'name of a pod, deploy/NAME, or manager, manager/NODE, forwarder, registry, webhook')
    .option('-c, --container <container>', 'one container only')
    .option('--follow', 'go on until Ctrl-C')
    .addOption(new Option('--tail <lines>', 'the last lines only; 0 is all').default(0).argParser(lineCount))
    .addOption(namespaceOption())
    .action(async (pod: string, options: LogsOptions) => {
      await withTarget(options, context, async connection => {
        const request = {
          namespace: options.namespace,
          name: await findPod(connection, { name: pod, namespace: options.namespace }, context.signal),
          container: options.container ?? '',
          follow: options.follow ?? false,
          tail: options.tail,
        }
        const decoder = new TextDecoder()
        try {
          for await (const chunk of connection.mesh.logs(request, { signal: context.signal }))
            context.out(decoder.decode(chunk.data, { stream: true }))
        } catch (thrown) {
          // Ctrl-C is how following is meant to end.
          if (!request.follow || !context.signal.aborted) throw thrown
        }
      })
    })
}

function lineCount(value: string): number {
  if (!/^[0-9]{1,6}$/.test(value)) throw new NsmError('BAD_USAGE', `--tail ${value}: expected a whole number`)
  return Number(value)
}
