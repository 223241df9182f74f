import type { MessageInitShape } from '@bufbuild/protobuf'
import { Command } from 'commander'
import { type Context, withMesh } from '#cli/context.ts'
import { meshOption, namespaceOption } from '#cli/options.ts'
import { NsmError } from '#sdk/errors.ts'
import type { ExecInputSchema, ExecOutput } from '#sdk/wire/gen/local/local_pb.ts'
import { findPod } from './find-pod.ts'

interface ExecOptions {
  readonly container?: string
  readonly name: string
  readonly namespace: string
}

type Input = MessageInitShape<typeof ExecInputSchema>

/** `nsm exec POD -- COMMAND`: runs a command inside a pod; its exit code becomes ours. */
export function execCommand(context: Context, exit: (code: number) => void): Command {
  return new Command('exec')
    .description('run a command inside a pod, or in the network namespace of a node')
    .argument('<pod>', 'name of the pod, deploy/NAME, or node/NAME')
    .argument('<command...>', 'the command, after --')
    .option('-c, --container <container>', 'container whose environment the command gets')
    .addOption(namespaceOption())
    .addOption(meshOption())
    .addHelpText(
      'after',
      '\nExamples: nsm exec client -- ping -c 1 10.60.1.2\n          nsm exec node/node-1 -- ip address',
    )
    .action(async (pod: string, argv: readonly string[], options: ExecOptions) => {
      const code = await withMesh(options.name, async connection => {
        const name = await findPod(connection, { name: pod, namespace: options.namespace }, context.signal)
        const start = {
          namespace: options.namespace,
          pod: name,
          container: options.container ?? '',
          argv: [...argv],
        }
        return await copyOutput(
          connection.mesh.exec(execInput(start, context.signal), { signal: context.signal }),
          name,
        )
      })
      exit(code)
    })
}

async function* execInput(
  start: Extract<NonNullable<Input['input']>, { case: 'start' }>['value'],
  signal: AbortSignal,
): AsyncIterable<Input> {
  yield { input: { case: 'start', value: start } }
  signal.addEventListener('abort', () => process.stdin.destroy(), { once: true })
  for await (const chunk of process.stdin) {
    yield { input: { case: 'stdin', value: Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)) } }
  }
  yield { input: { case: 'eof', value: true } }
}

async function copyOutput(outputs: AsyncIterable<ExecOutput>, pod: string): Promise<number> {
  try {
    for await (const { output } of outputs) {
      if (output.case === 'stdout') process.stdout.write(output.value)
      if (output.case === 'stderr') process.stderr.write(output.value)
      if (output.case === 'exitCode') return output.value
    }
    throw new NsmError('INTERNAL', `exec in pod ${pod}: the mesh ended the command without an exit code`)
  } finally {
    // An open terminal or pipe would keep this process waiting for input that nobody wants any more.
    process.stdin.destroy()
  }
}
