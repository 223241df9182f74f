import { decodeAttributes } from './attribute.ts'
import { align4, answerFlag, type Message, nlmsg } from './message.ts'
import { atLeast, malformed, readText } from './value.ts'

/** The kernel's verdict on a request. */
export interface Ack {
  /** 0 for success, else positive as in errno(3). */
  readonly errno: number
  /** NLMSGERR_ATTR_MSG: the kernel's own sentence. */
  readonly says?: string
}

const requestHeaderLength = 16
const NLMSGERR_ATTR_MSG = 1

/**
 * Decodes NLMSG_ERROR and NLMSG_DONE.
 *
 * struct nlmsgerr: error i32 @0 (negative errno), then for NLMSG_ERROR the header of the request (and, unless
 * NLM_F_CAPPED, its body), then attributes when NLM_F_ACK_TLVS is set.
 */
export function decodeAck(message: Message): Ack {
  const errno = -atLeast(message.body, 4).readInt32LE()
  if (errno < 0) throw malformed(`${-errno} is no error number`)
  const says = sentenceOf(message)
  return says === undefined ? { errno } : { errno, says }
}

function sentenceOf({ type, flags, body }: Message): string | undefined {
  if ((flags & answerFlag.acknowledgementTlvs) === 0) return undefined
  const at = type === nlmsg.done ? 4 : 4 + requestLength(body, flags)
  const sentence = decodeAttributes(body.subarray(at)).get(NLMSGERR_ATTR_MSG)
  return sentence === undefined ? undefined : readText(sentence)
}

function requestLength(body: Buffer, flags: number): number {
  if ((flags & answerFlag.capped) !== 0) return requestHeaderLength
  return align4(atLeast(body, 8).readUInt32LE(4))
}
