import { parseQuantity } from '#kube/quantity.ts'
import { duration, oneOf } from '#runtime/parse.ts'
import { NsmError } from '#sdk/errors.ts'
import { annotationKeys } from '#sdk/service-ref.ts'
import { injectAnnotation, statusAnnotation } from './names.ts'
import { type Position, parsePosition } from './position.ts'
import { modes, pullPolicies } from './settings.ts'

/** Our annotations begin with this. */
const prefix = 'networkservicemesh.io/'

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** What a pod may say about the container that we inject: annotation after the prefix → how its value is read. */
const readers = {
  mode: oneOf(...modes),
  'init-position': parsePosition,
  image: imageName,
  'image-pull-policy': oneOf(...pullPolicies),
  'cpu-request': quantity,
  'cpu-limit': quantity,
  'memory-request': quantity,
  'memory-limit': quantity,
  'log-level': oneOf(...logLevels),
  deadline: checked(duration),
} satisfies Readonly<Record<string, (value: string) => string | Position>>

/** The values that a pod's annotations give; absent where it says nothing. */
export type Overrides = {
  readonly [K in keyof typeof readers]?: ReturnType<(typeof readers)[K]>
}

/** Every annotation of ours that a pod may carry, for messages and documentation. */
export const knownAnnotations: readonly string[] = [
  ...annotationKeys,
  injectAnnotation,
  statusAnnotation,
  ...Object.keys(readers).map(name => `${prefix}${name}`),
]

const none: Overrides = {}

function isOverride(key: string): boolean {
  return key.startsWith(prefix) && key !== statusAnnotation && key !== injectAnnotation
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

/** Sentences about annotations that look meant for us but that nobody reads. */
export function unknownAnnotations(annotations: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(annotations)
    .filter(key => key.startsWith(prefix) && !knownAnnotations.includes(key))
    .map(
      key =>
        `annotation ${key} is not known and does nothing; known are inject, ${Object.keys(readers).join(', ')}`,
    )
}

/** One part of the path of an image. */
const part = '[a-z0-9]+(?:(?:[.]|_|__|-+)[a-z0-9]+)*'

const imagePattern = new RegExp(
  `^(?:[a-zA-Z0-9.-]+(?::[0-9]+)?/)?${part}(?:/${part})*(?::[\\w][\\w.-]{0,127})?(?:@[a-z0-9]+:[0-9a-fA-F]{32,128})?$`,
)

/** An image reference, bounded and without what no registry takes (distribution/reference). */
function imageName(value: string): string {
  if (value.length > 512 || !imagePattern.test(value))
    throw new Error('expected the name of an image, like registry.example/nsm-init:v1')
  return value
}

function quantity(value: string): string {
  const amount = parseQuantity(value)
  if (amount === undefined || amount <= 0n)
    throw new Error('expected a quantity above zero, like 100m or 64Mi')
  return value
}

/** Checks a value and keeps it as it is written. */
function checked(parse: (value: string) => unknown): (value: string) => string {
  return value => {
    parse(value)
    return value
  }
}
