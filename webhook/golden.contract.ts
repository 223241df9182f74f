import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { applyPatch } from 'fast-json-patch'
import { parseAllDocuments, stringify } from 'yaml'
import type { AdmissionResponse, ReviewQuestion } from '#kube/admission-review.ts'
import type { Operation } from './json-patch.ts'
import type { PatchSettings } from './settings.ts'

/** Golden cases: `<name>.in.yaml` is an object (and, below, what it was before), `<name>.out.yaml` what becomes of it. */
const folder = join(import.meta.dirname, 'golden')

/** The settings under which the goldens are made. */
export const settings: PatchSettings = {
  image: 'networkservicemesh/nsm-init:1.2',
  pullPolicy: 'IfNotPresent',
  namespace: 'nsm-system',
  ignoredNamespaces: ['kube-system', 'kube-public'],
  limits: 'when-guaranteed',
}

/** One case: the question that its input asks, and where its answer is kept. */
export interface GoldenCase {
  readonly name: string
  readonly object: KubeJson
  readonly question: ReviewQuestion
  readonly outFile: string
}

/** A Kubernetes object as YAML gives it. */
export interface KubeJson {
  readonly kind: string
  readonly metadata: { readonly namespace: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

/** All cases, in order of name. */
export function goldenCases(): readonly GoldenCase[] {
  return globSync('*.in.yaml', { cwd: folder }).toSorted().map(readCase)
}

/** The out files that no case answers for. */
export function unusedGoldens(): readonly string[] {
  const used = new Set(goldenCases().map(({ outFile }) => basename(outFile)))
  return globSync('*.out.yaml', { cwd: folder }).filter(file => !used.has(file))
}

/** The question about an object. */
export function ask(object: KubeJson, oldObject?: KubeJson): ReviewQuestion {
  const old = oldObject === undefined ? {} : { oldObject }
  const { namespace } = object.metadata
  const operation = oldObject === undefined ? 'CREATE' : 'UPDATE'
  return {
    apiVersion: 'admission.k8s.io/v1',
    request: { uid: 'u-1', kind: { kind: object.kind }, operation, namespace, object, ...old },
  }
}

/** The object as the API server has it after an answer. */
export function patched(object: KubeJson, { patch }: AdmissionResponse): KubeJson {
  return applied(object, operations(patch))
}

/** JSON with a patch applied to it; fails when the patch is not valid for it. */
export function applied<T>(json: T, patch: readonly Operation[]): T {
  return applyPatch(structuredClone(json), structuredClone([...patch]), true).newDocument
}

/** What an out file says: the decision in words, the patch, and the object that it makes. */
export function describeAnswer({ object }: GoldenCase, response: AdmissionResponse): string {
  const changed =
    response.patch === undefined
      ? {}
      : { patch: operations(response.patch), object: patched(object, response) }
  const said = {
    allowed: response.allowed,
    decision: response.auditAnnotations?.['decision'],
    message: response.status?.message,
    warnings: response.warnings,
  }
  return stringify({ ...said, ...changed }, { lineWidth: 0, aliasDuplicateObjects: false })
}

/** The operations of a base64 patch. */
function operations(patch: string | undefined): readonly Operation[] {
  const found: Operation[] = patch === undefined ? [] : JSON.parse(Buffer.from(patch, 'base64').toString())
  return found
}

function readCase(file: string): GoldenCase {
  const documents = parseAllDocuments(readFileSync(join(folder, file), 'utf8'))
  const [object, oldObject]: readonly KubeJson[] = documents.map(document => document.toJS())
  if (object === undefined) throw new Error(`${file} is empty`)
  const name = basename(file, '.in.yaml')
  return { name, object, question: ask(object, oldObject), outFile: join(folder, `${name}.out.yaml`) }
}
