/** Error codes of HTTP/2 (RFC 9113, section 7). */
export const errorCode = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const

/** The peer broke the protocol, which ends the connection; `code` is what it is told. */
export class Http2Error extends Error {
  override readonly name = 'Http2Error'
  readonly code: number

  constructor(code: keyof typeof errorCode, message: string) {
    super(message)
    this.code = errorCode[code]
  }
}
