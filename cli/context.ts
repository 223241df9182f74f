import { connect, type MeshConnection, meshes } from '#local/connect.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Paint } from './output/paint.ts'

/** What every command gets: where to write, whether a person watches, and which mesh is meant. */
export interface Context {
  /** Writes to standard output: results. */
  readonly out: (text: string) => void
  /** Writes to standard error: progress, notes, errors. */
  readonly note: (text: string) => void
  readonly paint: Paint
  /** `live` when progress goes to a terminal and may be redrawn, `lines` otherwise. */
  readonly progress: 'live' | 'lines'
  /** Columns of that terminal: a line that wraps could not be redrawn. */
  readonly columns: () => number
  /** As the user has called it: `nsm`, or `kubectl nsm`, which means a cluster first. */
  readonly calledAs: string
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
}

/**
 * Calls `use` with a connection to the named mesh, and closes it afterwards. Throws NOT_FOUND when it does not run,
 * MANAGER_UNAVAILABLE when it runs and a manager in it is away.
 */
export async function withMesh<T>(name: string, use: (connection: MeshConnection) => Promise<T>): Promise<T> {
  await using connection = connect(checkMeshName(name))
  try {
    return await use(connection)
  } catch (thrown) {
    const error = NsmError.from(thrown)
    if (error.code !== 'SOCKET_MISSING' && error.code !== 'MANAGER_UNAVAILABLE') throw error
    if ((await meshes()).includes(name)) throw managerAway(name, error)
    throw new NsmError(
      'NOT_FOUND',
      `no mesh named "${name}" is running; start it with: nsm up -f FILE --name ${name}`,
      { cause: error },
    )
  }
}

/** The supervisor has answered for a manager that does not. */
function managerAway(name: string, cause: NsmError): NsmError {
  return new NsmError(
    'MANAGER_UNAVAILABLE',
    `mesh "${name}" runs, but a manager in it does not answer; it is started again by itself, so try again: ${cause.message}`,
    { cause },
  )
}

/** A mesh name is a DNS label (RFC 1123) of at most 32 characters, because it becomes part of socket names. */
export function checkMeshName(name: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) return name
  throw new NsmError(
    'BAD_USAGE',
    `--name ${JSON.stringify(name)}: a mesh name has 1 to 32 lower-case letters, digits and '-'`,
  )
}
