import { PassThrough } from 'node:stream'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { LocalMesh } from '#local/mesh.ts'
import { type Process, startProcess } from '#local/processes/start-process.ts'
import { NsmError } from '#sdk/errors.ts'
import type { ExecInput, ExecOutputSchema, ExecStart } from '#sdk/wire/gen/local/local_pb.ts'

type Output = MessageInitShape<typeof ExecOutputSchema>

/** Runs a command in a pod's namespace with a container's environment; the last message is its exit code. */
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

function commandIn(mesh: LocalMesh, { namespace, pod: name, container, argv }: ExecStart) {
  const pod = mesh.pods.get(namespace === '' ? 'default' : namespace, name)
  if (argv.length === 0) throw new NsmError('BAD_INPUT', `exec in pod ${name}: no command`)
  return { ...pod.commandLike(container), argv }
}

async function feed({ child, signal }: Process, inputs: AsyncIterator<ExecInput>): Promise<void> {
  for (;;) {
    const next = await inputs.next()
    if (next.done === true) return void child.stdin?.end()
    const { input } = next.value
    if (input.case === 'stdin') child.stdin?.write(input.value)
    if (input.case === 'eof') child.stdin?.end()
    if (input.case === 'signal') signal(input.value)
  }
}

async function* outputsOf({ child, exit }: Process): AsyncGenerator<Output, void, void> {
  const outputs = new PassThrough({ objectMode: true })
  const send = (output: Output['output']) => outputs.write({ output })
  child.stdout?.on('data', (value: Buffer) => send({ case: 'stdout', value }))
  child.stderr?.on('data', (value: Buffer) => send({ case: 'stderr', value }))
  void exit.then(({ code, problem }) => {
    if (problem !== undefined) send({ case: 'stderr', value: Buffer.from(`nsm exec: ${problem}\n`) })
    send({ case: 'exitCode', value: code })
    outputs.end()
  })
  for await (const output of outputs) yield output as Output
}
