import { randomUUID } from 'node:crypto'
import { chmod, mkdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { NsmError } from '#sdk/errors.ts'

/** A file to be written. */
export interface FileText {
  readonly path: string
  readonly text: string
}

/**
 * Writes files so that each is there whole or as it was, and none is touched when one of them cannot be written: all
 * go into files beside, which then take the names. Links are followed, modes kept, folders made. Throws STORAGE.
 */
export async function writeFiles(files: readonly FileText[]): Promise<void> {
  const ready: { readonly temporary: string; readonly path: string }[] = []
  try {
    for (const { path, text } of files) {
      await mkdir(dirname(path), { recursive: true })
      const target = await realpath(path).catch(() => path)
      const temporary = `${target}.${randomUUID()}.tmp`
      ready.push({ temporary, path: target })
      await writeFile(temporary, text, { flag: 'wx', flush: true })
      const mode = await stat(target).then(
        found => found.mode,
        () => undefined,
      )
      if (mode !== undefined) await chmod(temporary, mode)
    }
    for (const { temporary, path } of ready) await rename(temporary, path)
  } catch (cause) {
    await Promise.all(ready.map(({ temporary }) => rm(temporary, { force: true })))
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new NsmError('STORAGE', `writing the result: ${said}`, { cause })
  }
}

/** Where files go within a folder. Throws BAD_USAGE when two would get one name. */
export function pathsIn(folder: string, names: readonly string[]): readonly string[] {
  const paths = names.map(name => normalize(join(folder, name)))
  const twice = paths.find((path, index) => paths.indexOf(path) !== index)
  if (twice === undefined) return paths
  throw new NsmError('BAD_USAGE', `--output ${folder}: two of the files would be written as ${twice}`)
}
