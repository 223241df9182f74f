import type { MessageInitShape } from '@bufbuild/protobuf'
import { toNsmError } from '#kernel/errors.ts'
import { openPacketSocket, type PacketSocket } from '#kernel/packet-socket.ts'
import type { Kernel } from '#kernel/port.ts'
import { openNetns } from '#kernel/resolve.ts'
import { formatTag, type Role, roles } from '#kernel/tag.ts'
import { NsmError } from '#sdk/errors.ts'
import { merge } from '#sdk/rpc/merge.ts'
import type { CaptureEnd, CaptureEventSchema, CaptureRequest } from '#sdk/wire/gen/capture/capture_pb.ts'
import { decode } from './decode.ts'

/** What a capture works with. */
export interface CaptureParts {
  readonly kernel: Kernel
  readonly node: string
  readonly signal: AbortSignal
}

type Told = MessageInitShape<typeof CaptureEventSchema>

interface OpenEnd {
  readonly told: { readonly node: string; readonly side: Role; readonly interface: string }
  readonly socket: PacketSocket
}

/** Packets that may be asked for at one end. */
const most = 10_000

/**
 * The next packets at the ends of a cross connect. Interfaces are found by the mark of the cross connect, so that it
 * never listens to another. Throws BAD_INPUT, NOT_FOUND and KERNEL.
 */
export async function* capture(request: CaptureRequest, parts: CaptureParts): AsyncGenerator<Told, void> {
  using opened = new DisposableStack()
  const count = checked(request)
  const ends = request.ends.map(end => openEnd(request.id, end, { ...parts, count }))
  for (const { socket } of ends) opened.use(socket)
  for (const { told } of ends) yield { ...told, event: { case: 'started', value: {} } }
  const streams = ends.map(end => packets(end, count))
  const dispose = (): void => opened.dispose()
  parts.signal.addEventListener('abort', dispose, { once: true })
  try {
    yield* merge(streams)
  } finally {
    parts.signal.removeEventListener('abort', dispose)
  }
}

function checked({ id, ends, count }: CaptureRequest): number {
  if (id === '' || ends.length === 0 || ends.length > 2)
    throw new NsmError(
      'BAD_INPUT',
      `capturing packets of ${JSON.stringify(id)}: expected an id and one or two ends`,
    )
  if (count >= 1 && count <= most) return count
  throw new NsmError('BAD_INPUT', `capturing ${count} packets: expected 1 to ${most}`)
}

function openEnd(
  id: string,
  end: CaptureEnd,
  { kernel, node, count }: CaptureParts & { readonly count: number },
): OpenEnd {
  const side = roles.find(role => role === end.side)
  if (side === undefined)
    throw new NsmError(
      'BAD_INPUT',
      `capturing packets at the end ${JSON.stringify(end.side)}: expected src or dst`,
    )
  const netns = {
    cookie: end.netnsCookie,
    ...(end.netnsInode === 0n ? {} : { inode: end.netnsInode }),
    ...(end.pid === 0 ? {} : { pidHint: end.pid }),
  }
  try {
    // It refuses the namespace of the node itself.
    using namespace = kernel.open(netns)
    using place = openNetns(netns)
    const link = namespace.link.tagged(formatTag({ id, role: side }))
    if (link === undefined)
      throw new NsmError('NOT_FOUND', `capturing packets of ${id}: its interface (${side}) is gone`)
    const told = { node, side, interface: link.name }
    return { told, socket: openPacketSocket(place, { index: link.index, most: count }) }
  } catch (cause) {
    throw toNsmError(cause)
  }
}

async function* packets({ told, socket }: OpenEnd, count: number): AsyncGenerator<Told, void> {
  let seen = 0
  for await (const { bytes, length, time, direction, framing } of socket.frames) {
    const { vlans, ...says } = decode(bytes, framing)
    const at = { seconds: time / 1_000_000_000n, nanos: Number(time % 1_000_000_000n) }
    const packet = { time: at, direction, length, vlans: [...vlans], ...says }
    yield { ...told, event: { case: 'packet', value: packet } }
    seen += 1
    if (seen === count) break
  }
  if (seen < count) return
  yield { ...told, event: { case: 'ended', value: { packets: seen, dropped: socket.dropped() } } }
}
