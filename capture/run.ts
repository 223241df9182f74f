import { once } from 'node:events'
import type { Socket } from 'node:net'
import { join, resolve } from 'node:path'
import { keepOnly } from '#kernel/capabilities.ts'
import { toNsmError } from '#kernel/errors.ts'
import { netlinkKernel } from '#kernel/netlink.ts'
import { peerOf } from '#kernel/peer.ts'
import type { Config } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { implement } from '#sdk/rpc/implement.ts'
import { serve } from '#sdk/rpc/serve.ts'
import { Capture } from '#sdk/wire/gen/capture/capture_pb.ts'
import { capture } from './capture.ts'
import type { config } from './config.ts'

/** Serves the manager of the node until the signal aborts. Throws KERNEL when a capability is missing. */
export async function run(values: Config<typeof config>, signal: AbortSignal, log: Log): Promise<void> {
  try {
    // This thread makes all calls that need one.
    keepOnly(['NET_RAW', 'SYS_ADMIN', 'SYS_PTRACE'])
    using kernel = netlinkKernel()
    const { node, baseDirectory } = values
    await using server = await serve({
      address: `unix://${join(resolve(baseDirectory), 'nsm.capture.io.sock')}`,
      peerOf: ownUser,
      log,
      services: [
        implement(Capture, {
          capture: (request, context) => capture(request, { kernel, node, signal: context.signal }),
        }),
      ],
    })
    log.info({ address: server.address }, 'serving')
    if (!signal.aborted) await once(signal, 'abort')
  } catch (cause) {
    throw toNsmError(cause)
  }
}

function ownUser(socket: Socket): void {
  const { pid, uid } = peerOf(socket)
  if (uid !== process.getuid?.())
    throw new NsmError('DENIED', `accepting a connection from pid ${pid}: it runs as another user, ${uid}`)
}
