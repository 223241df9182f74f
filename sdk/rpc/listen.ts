import { once } from 'node:events'
import { chmodSync, lstatSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { connect, type ListenOptions, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { NsmError } from '#sdk/errors.ts'
import { parseAddress, tcpAddress } from './address.ts'
import type { Address } from './types.ts'

/** Where to listen: an address, or a listening socket that this process inherited as a file descriptor. */
export interface ListenAt {
  readonly address?: Address | undefined
  readonly listen?: { readonly fd: number } | undefined
  /** Permissions of the file of a unix socket. */
  readonly mode: number
}

/** A listener and how to end it: `close` removes the socket's file and stops accepting. */
export interface Listening {
  readonly address: Address
  readonly close: () => void
}

/**
 * Starts a listener. The file of a dead server's socket is replaced; a living one's is ALREADY_EXISTS.
 * Fails with BAD_CONFIG when the address cannot be used.
 */
export async function listen(listener: Server, at: ListenAt): Promise<Listening> {
  const close = (): void => void listener.close()
  if (at.listen !== undefined) {
    const { fd } = at.listen
    await bind(listener, `descriptor ${fd}`, { fd })
    // Node does not tell the name of an inherited unix socket.
    return { address: at.address ?? tcpAddressOf(listener) ?? `unix:///dev/fd/${fd}`, close }
  }
  const { address } = at
  if (address === undefined)
    throw new NsmError('BAD_CONFIG', 'cannot serve: neither an address nor a descriptor was given')
  const target = parseAddress(address)
  if (target.kind === 'unix') {
    await makeWay(address, target.path)
    await bindFile(listener, target.path, { address, mode: at.mode })
    return { address, close: () => closeFile(listener, target.path) }
  }
  await bind(listener, address, target.kind === 'abstract' ? { path: target.path } : tcpOptions(target))
  return { address: tcpAddressOf(listener) ?? address, close }
}

function tcpOptions({ host, port }: { readonly host: string; readonly port: number }): ListenOptions {
  return host === '' ? { port } : { host, port }
}

function tcpAddressOf(listener: Server): Address | undefined {
  const bound = listener.address()
  return bound === null || typeof bound === 'string' ? undefined : tcpAddress(bound.address, bound.port)
}

async function bind(
  listener: Server,
  what: string,
  options: ListenOptions | { readonly fd: number },
): Promise<void> {
  try {
    listener.listen(options)
    await once(listener, 'listening')
  } catch (cause) {
    throw bindError(what, cause)
  }
}

/**
 * Nobody may connect before the mode is set, and the umask belongs to the whole process: so the socket is bound in a
 * directory that only we can enter, and moved to its name, which also replaces a stale file, when it is ready.
 */
async function bindFile(
  listener: Server,
  path: string,
  { address, mode }: { readonly address: Address; readonly mode: number },
): Promise<void> {
  let privately: string | undefined
  try {
    privately = mkdtempSync(`${dirname(path)}/.`)
    const hidden = join(privately, 's')
    parseAddress(`unix://${hidden}`)
    await bind(listener, address, { path: hidden })
    chmodSync(hidden, mode)
    renameSync(hidden, path)
  } catch (cause) {
    listener.close()
    throw bindError(address, cause)
  } finally {
    if (privately !== undefined) rmSync(privately, { recursive: true, force: true })
  }
}

/** What is no socket was put there by somebody else, and is not ours to remove. */
function closeFile(listener: Server, path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path, { force: true })
  listener.close()
}

/** Throws unless nothing, or the socket of a dead server, stands at the path. */
async function makeWay(address: Address, path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isSocket())
    throw new NsmError('BAD_CONFIG', `cannot serve at ${address}: a file that is no socket is in the way`)
  const socket = connect(path)
  try {
    await once(socket, 'connect')
  } catch {
    // Nobody accepts: it is stale, and binding replaces it.
    return
  } finally {
    socket.destroy()
  }
  throw new NsmError(
    'ALREADY_EXISTS',
    `cannot serve at ${address}: another process serves there; stop it or choose another directory`,
  )
}

function bindError(what: string, cause: unknown): NsmError {
  if (cause instanceof NsmError) return cause
  const { code } = cause instanceof Error && 'code' in cause ? cause : { code: undefined }
  return new NsmError(
    code === 'EADDRINUSE' ? 'ALREADY_EXISTS' : 'BAD_CONFIG',
    `cannot listen at ${what}: ${NsmError.from(cause).message}`,
    { cause },
  )
}
