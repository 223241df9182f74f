import { once } from 'node:events'
import { chmodSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
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
  if (at.listen !== undefined) {
    await bind(listener, `descriptor ${at.listen.fd}`, at.listen)
    return { address: at.address ?? boundAddress(listener), close: () => listener.close() }
  }
  if (at.address === undefined)
    throw new NsmError(
      'BAD_CONFIG',
      'cannot serve: neither an address nor a descriptor to listen on was given',
    )
  const target = parseAddress(at.address)
  switch (target.kind) {
    case 'unix':
      await refuseLiving(at.address, target.path)
      await bindFile(listener, target.path, { address: at.address, mode: at.mode })
      return { address: at.address, close: () => closeFile(listener, target.path) }
    case 'abstract':
      await bind(listener, at.address, { path: target.path })
      return { address: at.address, close: () => listener.close() }
    case 'tcp':
      await bind(listener, at.address, {
        port: target.port,
        ...(target.host === '' ? {} : { host: target.host }),
      })
      return { address: boundAddress(listener), close: () => listener.close() }
  }
}

function boundAddress(listener: Server): Address {
  const bound = listener.address()
  if (bound !== null && typeof bound !== 'string') return tcpAddress(bound.address, bound.port)
  return bound?.startsWith('\0') ? `unix-abstract://${bound.slice(1)}` : `unix://${bound ?? ''}`
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

function closeFile(listener: Server, path: string): void {
  rmSync(path, { force: true })
  listener.close()
}

async function refuseLiving(address: Address, path: string): Promise<void> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
  } catch {
    // Refused, not there or no socket at all: nobody serves it, and binding will tell what else is wrong.
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
