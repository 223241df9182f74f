import { Http2Error } from './error.ts'
import { frameFlag, frameHead, frameType } from './frame.ts'

/** Settings by identifier (RFC 9113, 6.5.2). */
export const setting = {
  enablePush: 2,
  mostStreams: 3,
  streamWindow: 4,
  largestPayload: 5,
  fieldsLimit: 6,
} as const

const entryLength = 6

/** A SETTINGS frame. */
export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(settings.length * entryLength)
  for (const [index, [id, value]] of settings.entries()) {
    payload.writeUInt16BE(id, index * entryLength)
    payload.writeUInt32BE(value, index * entryLength + 2)
  }
  return Buffer.concat([
    frameHead({ type: frameType.settings, flags: 0, stream: 0 }, payload.length),
    payload,
  ])
}

/** What says that the peer's settings hold from now on. */
export const settingsAck: Buffer = frameHead({ type: frameType.settings, flags: frameFlag.ack, stream: 0 }, 0)

/** The settings of a frame in their order, checked. Throws Http2Error. */
export function* readSettings(payload: Buffer): Generator<readonly [id: number, value: number], void> {
  if (payload.length % entryLength !== 0) throw new Http2Error('frameSize', 'a settings frame is cut short')
  for (let at = 0; at < payload.length; at += entryLength) {
    const [id, value] = [payload.readUInt16BE(at), payload.readUInt32BE(at + 2)]
    if (id === setting.streamWindow && value > 0x7fffffff)
      throw new Http2Error('flowControl', `a window of ${value} bytes is impossible`)
    if (id === setting.largestPayload && (value < 16_384 || value > 16_777_215))
      throw new Http2Error('protocol', `frames of ${value} bytes are impossible`)
    yield [id, value]
  }
}
