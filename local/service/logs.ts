import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalMesh } from '#local/mesh.ts'
import { meshFolder } from '#local/nodes/places.ts'
import { Output } from '#local/processes/output.ts'
import { NsmError } from '#sdk/errors.ts'
import type { LogsRequest } from '#sdk/wire/gen/local/local_pb.ts'

interface Source {
  readonly container: string
  readonly output: Output
}

type Chunk = { container: string; data: Uint8Array }

/**
 * What the containers of a pod, or programs of the mesh, have written, one source after the other; with follow, the
 * last source is followed. Throws NOT_FOUND.
 */
export async function* logs(
  mesh: LocalMesh,
  request: LogsRequest,
  signal: AbortSignal,
): AsyncGenerator<Chunk, void, void> {
  const sources = await sourcesOf(mesh, request)
  for (const [index, { container, output }] of sources.entries()) {
    const until = request.follow && index === sources.length - 1 ? 'closed' : 'now'
    for await (const data of output.read({ tail: request.tail, until }, signal)) yield { container, data }
  }
}

async function sourcesOf(
  mesh: LocalMesh,
  { namespace, name, container }: LogsRequest,
): Promise<readonly Source[]> {
  const pod = mesh.pods.find(namespace === '' ? 'default' : namespace, name)
  if (pod === undefined) return await programSources(mesh, name)
  const sources = pod.containers.filter(candidate => container === '' || candidate.name === container)
  if (sources.length > 0) return sources.map(source => ({ container: source.name, output: source.output }))
  throw new NsmError(
    'NOT_FOUND',
    `pod/${name} has no container ${container}; it has ${pod.containers.map(known => known.name).join(', ')}`,
  )
}

/** `manager` means the managers of all nodes, `manager/node-1` that of one. */
async function programSources(mesh: LocalMesh, name: string): Promise<readonly Source[]> {
  if (name === 'supervisor') return [{ container: name, output: await ownOutput() }]
  const programs = mesh.programs.filter(
    program => program.name === name || program.name.startsWith(`${name}/`),
  )
  if (programs.length > 0)
    return programs.map(program => ({ container: program.name, output: program.output }))
  throw new NsmError(
    'NOT_FOUND',
    `no pod ${name}, and no program of the mesh of that name (webhook, manager, forwarder, registry, supervisor); nsm ps lists pods`,
  )
}

async function ownOutput(): Promise<Output> {
  const output = new Output()
  output.write(await readFile(join(meshFolder, 'supervisor.log')))
  output.close()
  return output
}
