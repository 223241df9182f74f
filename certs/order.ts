import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { isObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Made, Order } from './make.ts'
import type { CertificateAndKey } from './pem.ts'

/** Milliseconds that making may take, on the slowest machine. */
const deadline = 60_000

/**
 * Makes what is ordered, in a process of its own that ends with it. `node-forge` costs 20 MiB that neither a worker
 * thread nor the program itself gives back (measured), and 130 ms of an event loop; a process costs neither.
 * Keys go through pipes. Throws INTERNAL with what the process wrote, or CANCELLED.
 */
export async function order(what: Order, signal: AbortSignal): Promise<Made> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(deadline)])
  const child = spawn(process.execPath, [programPath()], { stdio: 'pipe', env: {}, signal: limit })
  try {
    if (child.pid !== undefined) yieldTo(child.pid)
    const closed = once(child, 'close')
    // A process that is gone before it has read says why on stderr.
    child.stdin.on('error', () => {})
    child.stdin.end(JSON.stringify(what))
    const [written, complaint] = await Promise.all([text(child.stdout), text(child.stderr), closed])
    if (child.exitCode !== 0) throw new Error(complaint.trim() || `it ended with ${String(child.exitCode)}`)
    return readMade(JSON.parse(written))
  } catch (cause) {
    signal.throwIfAborted()
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new NsmError('INTERNAL', `making a certificate with ${programPath()}: ${why}`, { cause })
  }
}

/** Bundled programs run the bundle beside them, programs run from source run the source. */
function programPath(): string {
  const folder = import.meta.dirname
  return basename(folder) === 'certs' ? join(folder, 'main.ts') : join(folder, 'certs.js')
}

/** Whoever waits for a certificate can wait; whoever waits for an answer of the webhook should not. */
function yieldTo(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It has ended already.
  }
}

function readMade(value: unknown): Made {
  const made = isObject(value) ? value : {}
  const authority = readPair(made['authority'])
  const leaf = readPair(made['leaf'])
  return { ...(authority === undefined ? {} : { authority }), ...(leaf === undefined ? {} : { leaf }) }
}

function readPair(value: unknown): CertificateAndKey | undefined {
  if (!isObject(value)) return undefined
  const { certificate, key } = value
  return typeof certificate === 'string' && typeof key === 'string' ? { certificate, key } : undefined
}
