import { once } from 'node:events'
import { createReadStream, type WriteStream } from 'node:fs'

/** What one entry of an archive is. */
export interface TarEntry {
  /** Without a slash in front. */
  readonly path: string
  readonly mode: number
  readonly kind: 'file' | 'folder' | 'link'
  /** Of a link. */
  readonly target?: string
  /** Of a file. */
  readonly source?: string
  /** Of a file, in bytes. */
  readonly size: number
}

const block = 512
const kinds = { file: '0', folder: '5', link: '2' } as const

/** Writes a tar archive (ustar) in which everything belongs to root and is as old as the epoch, so that equal input makes equal bytes. */
export async function writeTar(into: WriteStream, entries: readonly TarEntry[]): Promise<void> {
  const put = async (chunk: Uint8Array) => {
    if (!into.write(chunk)) await once(into, 'drain')
  }
  for (const entry of entries) {
    await put(header(entry))
    if (entry.kind !== 'file' || entry.source === undefined) continue
    for await (const chunk of createReadStream(entry.source, { highWaterMark: 1 << 20 }))
      await put(chunk as Buffer)
    await put(Buffer.alloc((block - (entry.size % block)) % block))
  }
  await put(Buffer.alloc(2 * block))
}

function header({ path, mode, kind, size, target = '' }: TarEntry): Buffer {
  const head = Buffer.alloc(block)
  const { name, prefix } = split(path)
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`
  head.write(name, 0, 100)
  head.write(octal(mode, 8), 100)
  head.write(octal(0, 8), 108)
  head.write(octal(0, 8), 116)
  head.write(octal(kind === 'file' ? size : 0, 12), 124)
  head.write(octal(0, 12), 136)
  head.write('        ', 148)
  head.write(kinds[kind], 156)
  head.write(target, 157, 100)
  head.write('ustar\x0000', 257)
  head.write(prefix, 345, 155)
  const sum = head.reduce((total, byte) => total + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return head
}

/** A name has room for 100 bytes; folders before it for 155. */
function split(path: string): { readonly name: string; readonly prefix: string } {
  if (path.length <= 100) return { name: path, prefix: '' }
  const at = path.indexOf('/', path.length - 101)
  if (at < 0 || at > 155) throw new Error(`${path} is too long a name for a tar archive`)
  return { name: path.slice(at + 1), prefix: path.slice(0, at) }
}
