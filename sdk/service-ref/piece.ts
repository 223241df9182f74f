import { NsmError } from '#sdk/errors.ts'

/** A part of a value that remembers where it stood, so that every complaint can point at it. */
export interface Piece {
  /** What is being read, for messages: the source and the entry. */
  readonly where: string
  /** 1-based column of the first character in the whole value. */
  readonly column: number
  readonly text: string
}

/** The error for a piece: where it is, what was found and what is expected. */
export function bad(piece: Piece, expected: string): NsmError {
  const found = piece.text === '' ? 'nothing' : quote(piece.text)
  return new NsmError(
    'BAD_ANNOTATION',
    `${piece.where}, column ${piece.column}: found ${found}, expected ${expected}`,
  )
}

/** The part of a piece from one offset up to another (default: to the end). */
export function part(piece: Piece, from: number, to?: number): Piece {
  return { ...piece, column: piece.column + from, text: piece.text.slice(from, to) }
}

/** What stands before the first separator, and what stands behind it if there is one. */
export function cut(piece: Piece, separator: string): readonly [Piece, Piece | undefined] {
  const at = piece.text.indexOf(separator)
  if (at < 0) return [piece, undefined]
  return [part(piece, 0, at), part(piece, at + separator.length)]
}

/** All that stands between separators; always at least one piece, which may be empty. */
export function split(piece: Piece, separator: string): readonly Piece[] {
  const found: Piece[] = []
  let offset = 0
  for (const text of piece.text.split(separator)) {
    found.push({ ...piece, column: piece.column + offset, text })
    offset += text.length + separator.length
  }
  return found
}

/** The piece without white space around it. */
export function trim(piece: Piece): Piece {
  const text = piece.text.trimStart()
  return { ...piece, column: piece.column + piece.text.length - text.length, text: text.trimEnd() }
}

/** The text of a piece with `%XX` decoded (RFC 3986 §2.1, as UTF-8). */
export function decode(piece: Piece): string {
  try {
    return decodeURIComponent(piece.text)
  } catch {
    throw bad(piece, 'each "%" to begin a UTF-8 byte in hexadecimal (a percent sign itself is %25)')
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text)
}
