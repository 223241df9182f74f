/** The bytes that are kept of a body: JSON again, and never more of it than the body has. */
export interface Kept {
  bytes: Buffer
  length: number
}

/** Bytes of a body, the one at `to` not included. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** Most bodies keep less; a larger one gets a buffer of its own. */
const usual = Buffer.allocUnsafeSlow(64 * 1024)

/** Nothing kept yet, for a body of so many bytes. One reading at a time uses it. */
export function nothingKept(size: number): Kept {
  return { bytes: size <= usual.length ? usual : Buffer.allocUnsafe(size), length: 0 }
}

/** Keeps one byte. */
export function keepByte(kept: Kept, byte: number): void {
  kept.bytes[kept.length++] = byte
}

/** Keeps a range of a body. */
export function keepRange(kept: Kept, body: Buffer, { from, to }: Range): void {
  const { bytes } = kept
  // For a few bytes a loop is faster than a call of the platform.
  if (to - from > 64) bytes.set(body.subarray(from, to), kept.length)
  else for (let at = from, into = kept.length; at < to; at++, into++) bytes[into] = body[at] ?? 0
  kept.length += to - from
}
