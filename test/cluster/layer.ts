import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, globSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type TarEntry, writeTar } from './tar.ts'

/** What is in the store of a registry under the name of its contents. */
export interface Blob {
  /** `sha256:…`. */
  readonly digest: string
  readonly size: number
}

/** Packs entries into the store. */
export async function storeLayer(store: string, entries: readonly TarEntry[]): Promise<Blob> {
  await mkdir(store, { recursive: true })
  const partial = join(store, `partial-${process.pid}-${Math.random()}`)
  const file = createWriteStream(partial)
  await writeTar(file, entries)
  await new Promise<void>((resolve, reject) => {
    file.on('error', reject)
    file.end(resolve)
  })
  const hash = createHash('sha256')
  await pipeline(createReadStream(partial, { highWaterMark: 1 << 20 }), hash)
  const digest = `sha256:${hash.digest('hex')}`
  const { size } = await stat(partial)
  await rename(partial, join(store, digest))
  return { digest, size }
}

/** A file of this machine at another place, and the libraries that it loads at their own. */
export function program(source: string, path: string): readonly TarEntry[] {
  const real = realpathSync(source)
  return [
    fileEntry(real, path, 0o755),
    ...libraries(real).map(library => fileEntry(realpathSync(library), library.slice(1), 0o755)),
  ]
}

/** All files below a folder, each at its own place below the root. */
export function tree(folder: string): readonly TarEntry[] {
  return globSync('**/*', { cwd: folder, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .toSorted()
    .map(path => fileEntry(path, path.slice(folder.length + 1), 0o644))
}

/** A folder. */
export const folderEntry = (path: string, mode: number): TarEntry => ({ path, mode, kind: 'folder', size: 0 })

/** A symbolic link. */
export const linkEntry = (path: string, target: string): TarEntry => ({
  path,
  mode: 0o777,
  kind: 'link',
  target,
  size: 0,
})

function fileEntry(source: string, path: string, mode: number): TarEntry {
  return { path, mode, kind: 'file', source, size: statSync(source).size }
}

function libraries(file: string): readonly string[] {
  if (!readFileSync(file).subarray(0, 4).equals(Buffer.from('\x7fELF'))) return []
  const { stdout } = spawnSync('ldd', [file], { encoding: 'utf8' })
  return [...stdout.matchAll(/(\/\S+\.so\S*)/g)].map(([, path = '']) => path)
}
