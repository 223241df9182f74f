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

/** Nearly all bodies keep less; those that keep more go on in a buffer of their own. */
const usual = Buffer.allocUnsafeSlow(64 * 1024)

/** Nothing kept yet. One reading at a time uses it. */
export function nothingKept(): Kept {
  return { bytes: usual, length: 0 }
}

/** Keeps one byte. */
export function keepByte(kept: Kept, byte: number): void {
  if (kept.length === kept.bytes.length) grow(kept, 1)
  kept.bytes[kept.length++] = byte
}

/** Keeps a range of a body. */
export function keepRange(kept: Kept, body: Buffer, { from, to }: Range): void {
  const size = to - from
  if (kept.length + size > kept.bytes.length) grow(kept, size)
  const { bytes } = kept
  // For a few bytes a loop is faster than a call of the platform.
  if (size > 64) bytes.set(body.subarray(from, to), kept.length)
  else for (let at = from, into = kept.length; at < to; at++, into++) bytes[into] = body[at] ?? 0
  kept.length += size
}

function grow(kept: Kept, size: number): void {
  const bytes = Buffer.allocUnsafe(2 * kept.bytes.length + size)
  kept.bytes.copy(bytes, 0, 0, kept.length)
  kept.bytes = bytes
}
