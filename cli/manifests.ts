import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
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
    if (!(await stat(name)).isDirectory()) return [{ file: name, text: await readFile(name, 'utf8') }]
    const files = (await readdir(name))
      .filter(file => /\.(ya?ml|json)$/.test(file) && file !== 'kustomization.yaml')
      .toSorted()
    if (files.length === 0)
      throw new NsmError('BAD_INPUT', `-f ${name}: the folder holds no .yaml, .yml or .json file`)
    return await Promise.all(
      files.map(async file => ({ file: join(name, file), text: await readFile(join(name, file), 'utf8') })),
    )
  } catch (cause) {
    if (cause instanceof NsmError) throw cause
    throw new NsmError('BAD_USAGE', `-f ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}
