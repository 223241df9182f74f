import { parseQuantity } from '#kube/quantity.ts'
import { duration, oneOf } from '#runtime/parse.ts'
import { NsmError } from '#sdk/errors.ts'
import { annotationKeys } from '#sdk/service-ref.ts'
import { imageName } from './image-name.ts'
import { statusAnnotation } from './names.ts'
import { type Position, parsePosition } from './position.ts'
import { modes, pullPolicies } from './settings.ts'

/** Our annotations begin with this. */
const prefix = 'networkservicemesh.io/'

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** What a pod may say about the container that we inject: annotation after the prefix → how its value is read. */
const readers = {
  inject: oneOf('true', 'false'),
  mode: oneOf(...modes),
  'init-position': parsePosition,
  image: imageName,
  'image-pull-policy': oneOf(...pullPolicies),
  'cpu-request': quantity,
  'cpu-limit': quantity,
  'memory-request': quantity,
  'memory-limit': quantity,
  'log-level': oneOf(...logLevels),
  deadline: deadlineText,
} satisfies Readonly<Record<string, (value: string) => string | Position>>

/** The values that a pod's annotations give; absent where it says nothing. */
export type Overrides = {
  readonly [K in keyof typeof readers]?: ReturnType<(typeof readers)[K]>
}

/** Every annotation of ours that a pod may carry, for messages and documentation. */
export const knownAnnotations: readonly string[] = [
  ...annotationKeys,
  statusAnnotation,
  ...Object.keys(readers).map(name => `${prefix}${name}`),
]

const none: Overrides = {}

function isOverride(key: string): boolean {
  return key.startsWith(prefix) && key !== statusAnnotation
}

/** Reads a pod's overrides. Throws BAD_ANNOTATION that names each annotation with a value that it cannot have. */
export function readOverrides(annotations: Readonly<Record<string, string>>): Overrides {
  // Most pods say nothing.
  if (!Object.keys(annotations).some(isOverride)) return none
  const mistakes: string[] = []
  const values = Object.entries(readers).flatMap(([name, read]) => {
    const value = annotations[`${prefix}${name}`]
    if (value === undefined) return []
    try {
      return [[name, read(value)] as const]
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      mistakes.push(`annotation ${prefix}${name} is ${JSON.stringify(value.slice(0, 100))}: ${why}`)
      return []
    }
  })
  if (mistakes.length > 0) throw new NsmError('BAD_ANNOTATION', mistakes.join('; '))
  // Each value came out of its own row's reader.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(values) as Overrides
}

/** A sentence about annotations that look meant for us but that nobody reads. */
export function unknownAnnotations(annotations: Readonly<Record<string, string>>): readonly string[] {
  const unknown = Object.keys(annotations).filter(
    key => key.startsWith(prefix) && !knownAnnotations.includes(key),
  )
  if (unknown.length === 0) return []
  return [
    `annotations that are not known have no effect: ${unknown.join(', ')}; known are ${Object.keys(readers).join(', ')}`,
  ]
}

function quantity(value: string): string {
  const amount = parseQuantity(value)
  if (amount === undefined || amount <= 0n)
    throw new Error('expected a quantity above zero, like 100m or 64Mi')
  return value
}

/** The longest timer of Node, 2^31 - 1 milliseconds, in whole hours. */
const longestHours = 596

/** A duration that a timer can hold, as it is written. */
function deadlineText(value: string): string {
  const ms = duration(value)
  if (ms !== 0 && (ms < 1 || ms > longestHours * 3_600_000))
    throw new Error(`expected 0 for ever, or a duration from 1ms to ${longestHours}h`)
  return value
}
