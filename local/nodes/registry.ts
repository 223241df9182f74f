import { join } from 'node:path'
import { Program } from '#local/processes/program.ts'
import { programPath } from '#local/program-path.ts'
import type { Log } from '#sdk/log.ts'
import { dial } from '#sdk/rpc/dial.ts'
import { Records } from '#sdk/wire/gen/registryrecords/registryrecords_pb.ts'
import { meshFolder } from './places.ts'

/** Where the managers of all nodes find the registry; a socket's file is seen from every network namespace. */
export const registryAddress = `unix://${meshFolder}/nsm.registry.io.sock` as const

/** A running registry. */
export interface SharedRegistry extends AsyncDisposable {
  readonly program: Program
}

/** Starts the registry that the managers of several nodes share; resolves when it answers. */
export async function startRegistry(
  env: Readonly<Record<string, string>>,
  log: Log,
): Promise<SharedRegistry> {
  await using undo = new AsyncDisposableStack()
  const program = undo.use(
    new Program({
      name: 'registry',
      argv: [process.execPath, programPath('registry')],
      env: {
        ...env,
        NODE_OPTIONS: '--max-semi-space-size=1',
        NSM_REGISTRY_LISTEN: registryAddress,
        NSM_REGISTRY_FILE: join(meshFolder, 'registry.db'),
      },
      log,
    }),
  )
  await using channel = dial(registryAddress)
  const records = channel.client(Records)
  await program.ready(signal => records.removeService({ key: '' }, { signal, timeoutMs: 1000 }))
  const held = undo.move()
  return { program, [Symbol.asyncDispose]: () => held.disposeAsync() }
}
