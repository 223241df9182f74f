import type { MessageInitShape } from '@bufbuild/protobuf'
import type { LocalMesh } from '#local/mesh.ts'
import { Queue } from '#local/processes/queue.ts'
import { type Command, type Process, startProcess } from '#local/processes/start-process.ts'
import { NsmError } from '#sdk/errors.ts'
import type { ExecInput, ExecOutputSchema, ExecStart } from '#sdk/wire/gen/local/local_pb.ts'

type Output = MessageInitShape<typeof ExecOutputSchema>

/** Runs a command in a pod's namespace with a container's environment, or in a node's; the last message is its exit code. */
export async function* exec(
  mesh: LocalMesh,
  inputs: AsyncIterable<ExecInput>,
  signal: AbortSignal,
): AsyncGenerator<Output, void, void> {
  const iterator = inputs[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done === true || first.value.input.case !== 'start')
    throw new NsmError('BAD_INPUT', 'exec: the first message does not say what to run')
  const running = startProcess(commandIn(mesh, first.value.input.value))
  const stop = () => running.signal('SIGKILL')
  signal.addEventListener('abort', stop, { once: true })
  try {
    // Ends when the caller has nothing more to say; nobody waits for that.
    void feed(running, iterator).catch(() => {})
    yield* outputsOf(running)
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}

/** In a pod, or in a node that is called `node/NAME`, which has no container. */
function commandIn(mesh: LocalMesh, { namespace, pod: name, container, argv }: ExecStart): Command {
  const node = mesh.nodes.find(candidate => name === `node/${candidate.name}`)
  if (node !== undefined) return { netns: node.netns, env: { PATH: process.env['PATH'] ?? '' }, argv }
  const pod = mesh.pods.get(namespace === '' ? 'default' : namespace, name)
  if (argv.length === 0) throw new NsmError('BAD_INPUT', `exec in pod ${name}: no command`)
  return { ...pod.commandLike(container), argv }
}

async function feed(running: Process, inputs: AsyncIterator<ExecInput>): Promise<void> {
  const { stdin } = running.child
  for (;;) {
    const next = await inputs.next()
    if (next.done === true) return void stdin?.end()
    const { input } = next.value
    if (input.case === 'stdin') stdin?.write(input.value)
    if (input.case === 'eof') stdin?.end()
    if (input.case === 'signal') running.signal(input.value)
  }
}

function outputsOf({ child, exit }: Process): AsyncIterable<Output> {
  const outputs = new Queue<Output>()
  child.stdout?.on('data', (value: Buffer) => outputs.push({ output: { case: 'stdout', value } }))
  child.stderr?.on('data', (value: Buffer) => outputs.push({ output: { case: 'stderr', value } }))
  void tellExit(exit, outputs)
  return outputs
}

async function tellExit(exit: Process['exit'], outputs: Queue<Output>): Promise<void> {
  const { code, problem } = await exit
  if (problem !== undefined) {
    outputs.push({ output: { case: 'stderr', value: Buffer.from(`nsm exec: ${problem}\n`) } })
  }
  outputs.push({ output: { case: 'exitCode', value: code } })
  outputs.end()
}
