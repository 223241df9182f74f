import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { NsmError } from '#sdk/errors.ts'

/** A YAML file, by the name the user gave. */
export interface ManifestText {
  readonly file: string
  readonly text: string
}

/**
 * Reads what `-f` names: files, folders (their .yaml, .yml and .json files in order of name, not deeper, as kubectl)
 * and `-` for standard input.
 */
export async function readManifests(names: readonly string[]): Promise<readonly ManifestText[]> {
  const found = await Promise.all(names.map(readOne))
  return found.flat()
}

async function readOne(name: string): Promise<readonly ManifestText[]> {
  if (name === '-') return [{ file: 'standard input', text: await text(process.stdin) }]
  try {
    const files = await manifestFiles(name, 'flat')
    return await Promise.all(files.map(async file => ({ file, text: await readFile(file, 'utf8') })))
  } catch (cause) {
    if (cause instanceof NsmError) throw cause
    throw new NsmError('BAD_USAGE', `-f ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}

/**
 * The files that a name stands for: itself, or a folder's .yaml, .yml and .json files in order of name; `deep` looks
 * into its folders too. Throws BAD_INPUT for a folder that holds none, and what the file system says.
 */
export async function manifestFiles(name: string, depth: 'flat' | 'deep'): Promise<readonly string[]> {
  if (!(await stat(name)).isDirectory()) return [name]
  const files = (await readdir(name, { recursive: depth === 'deep' }))
    .filter(file => /\.(ya?ml|json)$/.test(file) && basename(file) !== 'kustomization.yaml')
    .toSorted()
  if (files.length === 0)
    throw new NsmError('BAD_INPUT', `-f ${name}: the folder holds no .yaml, .yml or .json file`)
  return files.map(file => join(name, file))
}
