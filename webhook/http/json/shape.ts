import type { Range } from './kept.ts'

/** Which parts of a value are kept. */
export type Shape = Whole | Fields | Each

/** The value as it is. */
interface Whole {
  readonly keep: 'whole'
}

/** Of an object some fields; a value that is no object is kept as it is. */
export interface Fields {
  readonly keep: 'fields'
  readonly byName: ReadonlyMap<string, Field>
  /** The same fields at the index of the length of their names. */
  readonly byLength: readonly (readonly Field[])[]
  readonly wholeWhen: WholeWhen | undefined
}

/** Of a list the same parts of each item; a value that is no list is kept as it is. */
interface Each {
  readonly keep: 'each'
  readonly item: Shape
}

/** A field that is kept. */
export interface Field {
  readonly name: string
  readonly bytes: Buffer
  readonly shape: Shape
}

/** An object whose field is text that begins so is kept whole. */
interface WholeWhen {
  readonly field: string
  readonly begins: string
}

/** Keeps the value as it is. */
export const whole: Shape = { keep: 'whole' }

/** Keeps some fields of an object; the names are ASCII. */
export function fields(shapes: Readonly<Record<string, Shape>>, wholeWhen?: WholeWhen): Shape {
  const known = Object.entries(shapes).map(([name, shape]) => ({ name, bytes: Buffer.from(name), shape }))
  const longest = Math.max(...known.map(({ name }) => name.length))
  return {
    keep: 'fields',
    byName: new Map(known.map(field => [field.name, field])),
    byLength: Array.from({ length: longest + 1 }, (_, length) =>
      known.filter(({ name }) => name.length === length),
    ),
    wholeWhen,
  }
}

/** Finds a field by its key in a body, quotes included. */
export function fieldOf({ byLength }: Fields, body: Buffer, key: Range): Field | undefined {
  const candidates = byLength[key.to - key.from - 2]
  if (candidates === undefined) return undefined
  for (const field of candidates) if (isAt(field.bytes, body, key.from + 1)) return field
  return undefined
}

function isAt(name: Uint8Array, body: Buffer, start: number): boolean {
  for (let at = 0; at < name.length; at++) if (name[at] !== body[start + at]) return false
  return true
}

/** Keeps parts of each item of a list. */
export function each(item: Shape): Shape {
  return { keep: 'each', item }
}

/** Shorthand: these fields of an object, each as it is. */
export function wholes(...names: readonly string[]): Readonly<Record<string, Shape>> {
  return Object.fromEntries(names.map(name => [name, whole]))
}
