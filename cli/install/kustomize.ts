import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { jsonPatched, type PatchOperation } from '#kube/apply-patch.ts'
import { isObject, type JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import { at, isManifest, listAt, type Manifest, textAt } from './object.ts'
import { withImages } from './set-images.ts'

/** What of a kustomization is understood: as much as our own use. */
const understood = ['apiVersion', 'kind', 'resources', 'labels', 'images', 'patches']

/**
 * The objects that `kubectl kustomize` makes of a folder, in the order of its resources. Throws BAD_INPUT for a file
 * that cannot be read, and for what only kustomize itself understands.
 */
export async function kustomized(folder: string): Promise<readonly Manifest[]> {
  const file = join(folder, 'kustomization.yaml')
  const [kustomization] = await documentsOf(file)
  if (!isObject(kustomization)) throw refusal(file, 'it holds no kustomization')
  const unknown = Object.keys(kustomization).find(key => !understood.includes(key))
  if (unknown !== undefined) throw beyond(file, unknown)
  const named = await Promise.all(
    textsOf(kustomization['resources']).map(name => resourcesOf(join(folder, name))),
  )
  const patches = await Promise.all(listAt(kustomization, 'patches').map(patch => readPatch(folder, patch)))
  const patched = patches.reduce<readonly Manifest[]>(applyPatch, named.flat())
  return withImages(
    patched.map(object => labelled(object, kustomization, file)),
    listAt(kustomization, 'images').map(image => ({
      name: textAt(image, 'name'),
      newName: textAt(image, 'newName') || textAt(image, 'name'),
      newTag: textAt(image, 'newTag'),
    })),
  )
}

/** The objects of a YAML text. Throws BAD_INPUT. */
export function manifestsOf(text: string, file: string): readonly Manifest[] {
  return parseDocuments(text, file).flatMap(value => {
    if (value === null) return []
    if (isManifest(value)) return [value]
    throw refusal(file, 'a document in it has no apiVersion, kind and metadata.name')
  })
}

async function resourcesOf(path: string): Promise<readonly Manifest[]> {
  if (existsSync(path) && (await stat(path)).isDirectory()) return kustomized(path)
  return manifestsOf(await read(path), path)
}

interface Patch {
  readonly file: string
  readonly kind: string
  readonly name: string
  readonly operations: readonly PatchOperation[]
}

async function readPatch(folder: string, patch: JsonObject): Promise<Patch> {
  const file = join(folder, textAt(patch, 'path') || 'kustomization.yaml')
  const inline = textAt(patch, 'patch')
  const [operations] = inline === '' ? await documentsOf(file) : parseDocuments(inline, file)
  const kind = textAt(patch, 'target', 'kind')
  const name = textAt(patch, 'target', 'name')
  if (!Array.isArray(operations) || !operations.every(isOperation) || kind === '' || name === '')
    throw beyond(file, 'a patch that is not a JSON patch of one named object')
  return { file, kind, name, operations }
}

function isOperation(value: unknown): value is PatchOperation {
  return isObject(value) && ['add', 'replace', 'remove', 'test'].includes(textAt(value, 'op'))
}

function applyPatch(
  objects: readonly Manifest[],
  { file, kind, name, operations }: Patch,
): readonly Manifest[] {
  const isMeant = (object: Manifest) => object.kind === kind && object.metadata.name === name
  if (!objects.some(isMeant)) throw refusal(file, `there is no ${kind} ${name} to patch`)
  return objects.map(object => {
    if (!isMeant(object)) return object
    try {
      const patched = jsonPatched(object, operations)
      if (isManifest(patched)) return patched
    } catch (cause) {
      throw refusal(file, NsmError.from(cause).message)
    }
    throw refusal(file, `it leaves ${kind} ${name} without kind or name`)
  })
}

function labelled(object: Manifest, kustomization: JsonObject, file: string): Manifest {
  const pairs = listAt(kustomization, 'labels').map(entry => {
    if (Object.keys(entry).some(key => key !== 'pairs')) throw beyond(file, 'labels with more than pairs')
    return at(entry, 'pairs')
  })
  const added = Object.entries(Object.assign({}, ...pairs) satisfies object).map(([key, value]) => [
    key,
    String(value),
  ])
  if (added.length === 0) return object
  const labels = { ...object.metadata.labels, ...Object.fromEntries(added) }
  return { ...object, metadata: { ...object.metadata, labels } }
}

async function documentsOf(file: string): Promise<readonly unknown[]> {
  return parseDocuments(await read(file), file)
}

function parseDocuments(text: string, file: string): readonly unknown[] {
  return parseAllDocuments(text, { version: '1.1' }).map(document => {
    const [error] = document.errors
    if (error !== undefined) throw refusal(file, error.message)
    return document.toJS() satisfies unknown
  })
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new NsmError('BAD_INPUT', `reading ${file}: ${NsmError.from(cause).message}`, { cause })
  }
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}

function refusal(file: string, why: string): NsmError {
  return new NsmError('BAD_INPUT', `manifests, ${file}: ${why}`)
}

function beyond(file: string, what: string): NsmError {
  return refusal(
    file,
    `${what} is more than is understood here; render it first: kubectl kustomize FOLDER | nsm install -f -`,
  )
}
