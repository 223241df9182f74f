import { Http2Error } from './error.ts'
import { decodeHuffman } from './huffman.ts'
import { type Field, staticTable } from './static-table.ts'

/** The fields of a header block; of a repeated name the first one. */
export type Fields = ReadonlyMap<string, string>

/** Bytes of a whole decoded header block that we take, each field with 32 bytes more (RFC 9113, 6.5.2). */
export const fieldsLimit = 64 * 1024

/** SETTINGS_HEADER_TABLE_SIZE that holds until settings say another (RFC 9113, 6.5.2); we never do. */
const tableLimit = 4096

const entryOverhead = 32

/** Decodes the header blocks of one connection in the order that they came, as each may refer to earlier ones (RFC 7541). */
export class FieldDecoder {
  /** Latest first. */
  readonly #table: Field[] = []
  #tableSize = 0
  #tableMost = tableLimit

  /** Throws Http2Error when the block is malformed or too large. */
  decode(block: Buffer): Fields {
    const reader = new Reader(block)
    const fields = new Map<string, string>()
    let size = 0
    while (!reader.done) {
      const field = this.#next(reader)
      if (field === undefined) continue
      size += sizeOf(field)
      if (size > fieldsLimit) throw new Http2Error('enhanceYourCalm', 'a header block is too large')
      if (!fields.has(field[0])) fields.set(field[0], field[1])
    }
    return fields
  }

  /** The next field; undefined when the table is resized instead. */
  #next(reader: Reader): Field | undefined {
    const first = reader.peek()
    if ((first & 0x80) !== 0) return this.#at(reader.integer(7))
    if ((first & 0x40) !== 0) return this.#remembered(this.#literal(reader, 6))
    if ((first & 0x20) === 0) return this.#literal(reader, 4)
    const most = reader.integer(5)
    if (most > tableLimit) throw new Http2Error('compression', `a table of ${most} bytes was not agreed`)
    this.#tableMost = most
    this.#evict(0)
    return undefined
  }

  #literal(reader: Reader, prefix: number): Field {
    const index = reader.integer(prefix)
    const name = index === 0 ? reader.text() : this.#at(index)[0]
    return [name, reader.text()]
  }

  #at(index: number): Field {
    const field =
      index <= staticTable.length ? staticTable[index - 1] : this.#table[index - staticTable.length - 1]
    if (field === undefined) throw new Http2Error('compression', `no field has the index ${index}`)
    return field
  }

  #remembered(field: Field): Field {
    const size = sizeOf(field)
    this.#evict(size)
    if (size <= this.#tableMost) {
      this.#table.unshift(field)
      this.#tableSize += size
    }
    return field
  }

  /** Makes room for so many bytes. */
  #evict(size: number): void {
    while (this.#tableSize + size > this.#tableMost) {
      const oldest = this.#table.pop()
      if (oldest === undefined) return
      this.#tableSize -= sizeOf(oldest)
    }
  }
}

/**
 * A header block that refers to nothing but the static table, so that it stays true whatever else is sent and may be
 * made once for many uses.
 */
export function encodeFields(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(encodeField))
}

function encodeField([name, value]: Field): readonly Buffer[] {
  const whole = staticTable.findIndex(known => known[0] === name && known[1] === value)
  if (whole >= 0) return [integer(whole + 1, 7, 0x80)]
  const index = staticTable.findIndex(known => known[0] === name)
  return index < 0
    ? [integer(0, 4, 0), ...textOf(name), ...textOf(value)]
    : [integer(index + 1, 4, 0), ...textOf(value)]
}

function textOf(value: string): readonly Buffer[] {
  const bytes = Buffer.from(value, 'latin1')
  return [integer(bytes.length, 7, 0), bytes]
}

/** An integer with a prefix of some bits, above which `pattern` stands (RFC 7541, 5.1). */
function integer(value: number, prefix: number, pattern: number): Buffer {
  const most = 2 ** prefix - 1
  if (value < most) return Buffer.of(pattern | value)
  const bytes = [pattern | most]
  let rest = value - most
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  peek(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw new Http2Error('compression', 'a header block ends within a field')
    return byte
  }

  integer(prefix: number): number {
    const most = 2 ** prefix - 1
    let value = this.peek() & most
    this.#at += 1
    if (value < most) return value
    for (let shift = 0; ; shift += 7) {
      // Nothing that we take has more than 28 bits.
      if (shift > 21) throw new Http2Error('compression', 'an integer is too large')
      const byte = this.peek()
      this.#at += 1
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
  }

  text(): string {
    const huffman = (this.peek() & 0x80) !== 0
    const length = this.integer(7)
    const end = this.#at + length
    if (end > this.#bytes.length) throw new Http2Error('compression', 'a header block ends within a string')
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return (huffman ? decodeHuffman(bytes) : bytes).toString('latin1')
  }
}

function sizeOf([name, value]: Field): number {
  return name.length + value.length + entryOverhead
}
