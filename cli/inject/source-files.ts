import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { manifestFiles } from '#cli/manifests.ts'
import { NsmError } from '#sdk/errors.ts'
import { readSource } from './read-source.ts'
import type { SourceFile } from './transform.ts'

/** The name by which standard input is reported. */
export const standardInput = 'standard input'

/** A file that was read, and what it is called within the folder that was named. */
export interface NamedSource extends SourceFile {
  /** `deeper/web.yaml` of `-f folder -R`; the last part of the name for a file that was named itself. */
  readonly inside: string
}

/** What a person names on the command line. */
export interface SourceNames {
  /** Files, folders, `-`; none is standard input. */
  readonly names: readonly string[]
  readonly depth: 'flat' | 'deep'
}

/**
 * Reads the documents of files, folders and standard input (`-`, or nothing at all). Throws BAD_USAGE for a file that
 * cannot be read, BAD_INPUT for one that is malformed or not UTF-8.
 */
export async function readSources({ names, depth }: SourceNames): Promise<readonly NamedSource[]> {
  if (names.length === 0 && process.stdin.isTTY)
    throw new NsmError('BAD_USAGE', 'nothing to read: name files with -f, or pipe YAML or JSON in')
  const wanted = names.length === 0 ? ['-'] : [...new Set(names)]
  const found = await Promise.all(wanted.map(name => filesOf(name, depth)))
  return Promise.all(found.flat().map(readNamed))
}

interface NamedFile {
  readonly file: string
  readonly inside: string
}

async function filesOf(name: string, depth: SourceNames['depth']): Promise<readonly NamedFile[]> {
  if (name === '-') return [{ file: standardInput, inside: 'stdin.yaml' }]
  try {
    const files = await manifestFiles(name, depth)
    return files.map(file => ({
      file,
      inside: file === name ? (file.split('/').at(-1) ?? file) : relative(name, file),
    }))
  } catch (cause) {
    throw unreadable(name, cause)
  }
}

async function readNamed({ file, inside }: NamedFile): Promise<NamedSource> {
  try {
    const bytes = file === standardInput ? await buffer(process.stdin) : await readFile(file)
    const text = decode(file, bytes)
    return { file, inside, text, documents: readSource(file, text) }
  } catch (cause) {
    throw unreadable(file, cause)
  }
}

/** Bytes that are not UTF-8 would come out as others, and a byte order mark must come out as well. */
function decode(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new NsmError('BAD_INPUT', `${file}: the text is not UTF-8; save it as UTF-8`, { cause })
  }
}

function unreadable(name: string, cause: unknown): NsmError {
  if (cause instanceof NsmError) return cause
  return new NsmError('BAD_USAGE', `${name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  })
}
