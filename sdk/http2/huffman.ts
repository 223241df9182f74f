import { Http2Error } from './error.ts'

/**
 * Length in bits of each symbol's code, a base-36 digit per symbol, the end-of-string symbol last (RFC 7541,
 * appendix B). The code is canonical, so that the lengths say all.
 */
const lengths = [
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca',
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds',
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn',
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq',
  'u',
].join('')

const longest = 30
const endOfString = 256

interface Codes {
  /** By length: the first code, how many there are, and where their symbols begin. */
  readonly first: Int32Array
  readonly count: Int32Array
  readonly start: Int32Array
  readonly symbols: Int32Array
}

/** Decodes a string of HPACK; throws Http2Error when it is not one. */
export function decodeHuffman(bytes: Uint8Array): Buffer {
  const { first, count, start, symbols } = (codes ??= canonical())
  const text: number[] = []
  let code = 0
  let length = 0
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((byte >> bit) & 1)
      length += 1
      const at = code - (first[length] ?? 0)
      if (at < 0 || at >= (count[length] ?? 0)) {
        if (length === longest) throw new Http2Error('compression', 'a Huffman code is unknown')
        continue
      }
      const symbol = symbols[(start[length] ?? 0) + at] ?? endOfString
      if (symbol === endOfString) throw new Http2Error('compression', 'a string holds its own end')
      text.push(symbol)
      code = 0
      length = 0
    }
  }
  // What is left is the beginning of the end-of-string symbol, which is all ones.
  if (length > 7 || code !== (1 << length) - 1)
    throw new Http2Error('compression', 'the padding of a Huffman string is wrong')
  return Buffer.from(text)
}

let codes: Codes | undefined

function canonical(): Codes {
  const of = Array.from(lengths, digit => Number.parseInt(digit, 36))
  const symbols = Int32Array.from(of.keys()).toSorted((a, b) => (of[a] ?? 0) - (of[b] ?? 0) || a - b)
  const [first, count, start] = [sized(), sized(), sized()]
  for (const length of of) count[length] = (count[length] ?? 0) + 1
  let code = 0
  let at = 0
  for (let length = 1; length <= longest; length++) {
    code <<= 1
    first[length] = code
    start[length] = at
    code += count[length] ?? 0
    at += count[length] ?? 0
  }
  return { first, count, start, symbols }
}

function sized(): Int32Array {
  return new Int32Array(longest + 1)
}
