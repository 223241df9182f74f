import { globSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import jsonPatch from 'fast-json-patch'
import { parse, stringify } from 'yaml'
import type { AdmissionResponse, ReviewQuestion } from '#kube/admission-review.ts'
import type { Operation } from './json-patch.ts'
import type { ReviewContext } from './review.ts'
import type { PatchSettings } from './settings.ts'

/**
 * Golden cases, a folder per theme, a file per case. The file's first document is what comes in, its second what becomes
 * of it and why; the second is written by `npm run goldens`.
 */
const folder = join(import.meta.dirname, 'golden')

/** The settings under which the goldens are made; a case may change some. */
export const settings: PatchSettings = {
  image: 'networkservicemesh/nsm-init:1.2',
  sidecarImage: 'networkservicemesh/sidecar-nsc:1.2',
  pullPolicy: 'IfNotPresent',
  mode: 'init',
  sidecars: 'native',
  probePort: 15_061,
  namespace: 'nsm-system',
  ignoredNamespaces: ['kube-system', 'kube-public', 'nsm-system'],
  limits: 'when-guaranteed',
  user: 65_532,
  docs: 'docs/errors.md',
}

/** The first document of a golden. */
interface GoldenInput {
  readonly object: KubeJson
  /** What it was before, on UPDATE. */
  readonly oldObject?: KubeJson
  /** Annotations of the namespace that the pod inherits. */
  readonly inherited?: Readonly<Record<string, string>>
  /** Settings that differ from `settings`; null is none. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** What is too long to be written down. */
  readonly repeat?: readonly Repeat[]
}

/**
 * Fills a place of the object: with a list of `times` copies of an item, `#` in its texts being the index, or with a
 * text that is repeated.
 */
interface Repeat {
  readonly at: string
  readonly times: number
  readonly item: unknown
}

/** One case: the question that its input asks, and where its answer is kept. */
export interface GoldenCase extends Omit<GoldenInput, 'settings' | 'repeat'> {
  /** `theme/name`. */
  readonly name: string
  readonly question: ReviewQuestion
  readonly context: ReviewContext
  readonly file: string
  /** The text of the first document. */
  readonly input: string
}

/** A Kubernetes object as YAML gives it. */
export interface KubeJson {
  readonly kind: string
  readonly metadata?: {
    readonly name?: string
    readonly namespace?: string
    readonly [field: string]: unknown
  } | null
  readonly [field: string]: unknown
}

/** All cases, in order of name. */
export function goldenCases(): readonly GoldenCase[] {
  return globSync('*/*.yaml', { cwd: folder }).toSorted().map(readCase)
}

/** Files among the goldens that are no case. */
export function strayFiles(): readonly string[] {
  return globSync('**', { cwd: folder, withFileTypes: true })
    .filter(entry => !entry.isDirectory())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)))
    .filter(file => !/^[a-z0-9-]+\/[a-z0-9-]+\.yaml$/.test(file))
}

/** The question about an object, as the API server asks it. */
export function ask(object: KubeJson, oldObject?: KubeJson): ReviewQuestion {
  const old = oldObject === undefined ? {} : { oldObject }
  const { name, namespace } = object.metadata ?? {}
  const operation = oldObject === undefined ? 'CREATE' : 'UPDATE'
  // A Namespace counts as an object in itself.
  const place = object.kind === 'Namespace' ? name : namespace
  const placed = place === undefined ? {} : { namespace: place }
  return {
    apiVersion: 'admission.k8s.io/v1',
    request: { uid: 'u-1', kind: { kind: object.kind }, operation, ...placed, object, ...old },
  }
}

/** The object as the API server has it after an answer. */
export function patched(object: KubeJson, { patch }: AdmissionResponse): KubeJson {
  return applied(object, operationsOf(patch))
}

/** JSON with a patch applied to it; fails when the patch is not valid for it. */
export function applied<T>(json: T, patch: readonly Operation[]): T {
  return jsonPatch.applyPatch(structuredClone(json), structuredClone([...patch]), true).newDocument
}

/** What a golden says: its own input, the decision in words, and the patch or the refusal. */
export function describeAnswer({ input }: GoldenCase, response: AdmissionResponse): string {
  const { services, decision } = response.auditAnnotations ?? {}
  const said = {
    allowed: response.allowed,
    decision,
    services,
    message: response.status?.message,
    warnings: response.warnings,
    patch: response.patch === undefined ? undefined : operationsOf(response.patch),
  }
  return `${input}---\n${stringify(said, { lineWidth: 0, aliasDuplicateObjects: false })}`
}

/** The operations of a base64 patch. */
export function operationsOf(patch: string | undefined): readonly Operation[] {
  const found: Operation[] = patch === undefined ? [] : JSON.parse(Buffer.from(patch, 'base64').toString())
  return found
}

function readCase(path: string): GoldenCase {
  const file = join(folder, path)
  const [text = ''] = readFileSync(file, 'utf8').split(/^---\n/m)
  const input = parse(text) as GoldenInput
  const { oldObject } = input
  const object = (input.repeat ?? []).reduce(grow, input.object)
  const inherited = input.inherited === undefined ? {} : { inherited: input.inherited }
  return {
    object,
    ...(oldObject === undefined ? {} : { oldObject }),
    ...inherited,
    name: path.replace(/\.yaml$/, ''),
    question: ask(object, oldObject),
    context: { settings: { ...settings, ...settingsOf(input) }, ...inherited },
    file,
    input: text,
  }
}

/** YAML cannot say undefined. */
function settingsOf(input: GoldenInput): Partial<PatchSettings> {
  return Object.fromEntries(
    Object.entries(input.settings ?? {}).map(([key, value]) => [key, value ?? undefined]),
  )
}

function grow(object: KubeJson, { at, times, item }: Repeat): KubeJson {
  const value =
    typeof item === 'string'
      ? item.repeat(times)
      : Array.from({ length: times }, (_, index) => numbered(item, index))
  return applied(object, [{ op: 'add', path: at, value }])
}

function numbered(item: unknown, index: number): unknown {
  return JSON.parse(JSON.stringify(item).replaceAll('#', String(index)))
}
