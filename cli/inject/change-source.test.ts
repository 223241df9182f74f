import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { jsonPatched, type PatchOperation } from '#kube/apply-patch.ts'
import { type JsonObject, objectAt } from '#kube/shape.ts'
import { changeSource } from './change-source.ts'
import { readSource } from './read-source.ts'
import { isJsonMap, isSameValue } from './walk.ts'

const key = fc.constantFrom('a', 'b', 'name', 'x/y', '~', 'yes', '1', 'longer key', '#', ': ', '"')
const leaf = fc.oneof(
  fc.constantFrom(
    '',
    'text',
    'a: b',
    '# no',
    'yes',
    'null',
    '1',
    "it's",
    'say "x"',
    'two\nlines\n',
    '  blanks ',
    '- x',
    '{',
    '*a',
    '&a',
    '%',
    '\t',
  ),
  fc.integer({ min: -5, max: 500 }),
  fc.boolean(),
  fc.constant(null),
)
const { value, map } = fc.letrec<{ value: unknown; map: Readonly<Record<string, unknown>> }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('map'),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
  map: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
}))

/** Ways to write a value. */
const style = fc.constantFrom<(written: unknown) => string>(
  written => stringify(written),
  written => stringify(written, { indentSeq: false, indent: 4, lineWidth: 20 }),
  written => stringify(written, { collectionStyle: 'flow' }),
  written => stringify(written, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }),
  written => stringify(written).replaceAll('\n', '\r\n'),
  written => stringify(written).trimEnd(),
  written => `# first\n---\n${stringify(written)}# last\n...\n`,
  written => JSON.stringify(written),
  written => JSON.stringify(written, undefined, 2),
  written => `${JSON.stringify(written, undefined, '\t')}\n`,
)

/** A place in a value, and how to change what is there. */
const wish = fc.record({
  steps: fc.array(fc.nat(20), { maxLength: 5 }),
  op: fc.constantFrom('add', 'replace', 'remove'),
  key,
  value,
})

type Wish = typeof wish extends fc.Arbitrary<infer W> ? W : never

function operationOf(target: unknown, { steps, op, key: added, value: put }: Wish): PatchOperation {
  let path = ''
  let at = target
  for (const step of steps) {
    const keys = Array.isArray(at) ? [...at.keys()] : isJsonMap(at) ? Object.keys(at) : []
    const chosen = keys[step % Math.max(1, keys.length)]
    if (chosen === undefined) break
    const child: unknown = Array.isArray(at) ? at[Number(chosen)] : isJsonMap(at) ? at[chosen] : undefined
    const last = `${path}/${String(chosen).replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (typeof child !== 'object' || child === null)
      return op === 'remove' ? { op, path: last } : { op: 'replace', path: last, value: put }
    path = last
    at = child
  }
  if (path !== '' && op !== 'add')
    return op === 'remove' ? { op: 'remove', path } : { op: 'replace', path, value: put }
  const tail = Array.isArray(at)
    ? String((steps[0] ?? 0) % (at.length + 1))
    : added.replaceAll('~', '~0').replaceAll('/', '~1')
  return { op: 'add', path: `${path}/${tail}`, value: put }
}

function valueOf(text: string): JsonObject {
  return objectAt(readSource('x', text)[0]?.value, 'the document')
}

function change(text: string, after: unknown): string {
  return changeSource('x', readSource('x', text), [after])
}

const rounds = { numRuns: 400 }

describe('changeSource()', () => {
  it('writes what a JSON Patch makes of the value, in every style', () => {
    fc.assert(
      fc.property(map, style, fc.array(wish, { minLength: 1, maxLength: 3 }), (written, write, wishes) => {
        const text = write(written)
        const before = valueOf(text)
        const after = wishes.reduce<JsonObject>(
          (at, next) => jsonPatched(at, [operationOf(at, next)]),
          before,
        )
        expect(valueOf(change(text, after))).toEqual(after)
      }),
      rounds,
    )
  }, 30_000)

  it('takes back byte for byte what it has put', () => {
    fc.assert(
      fc.property(map, style, fc.array(wish, { minLength: 1, maxLength: 3 }), (written, write, wishes) => {
        const text = write(written)
        const before = valueOf(text)
        const after = wishes
          .map((next): Wish => ({ ...next, op: 'add' }))
          .map(next => operationOf(before, next))
          .reduce<JsonObject>(
            (at, operation) => (isPut(before, operation) ? jsonPatched(at, [operation]) : at),
            before,
          )
        fc.pre(!isSameValue(before, after))
        expect(change(change(text, after), before)).toBe(text)
      }),
      rounds,
    )
  }, 30_000)

  it('leaves the other documents of a file alone', () => {
    const text = '%YAML 1.2\n---\na:   1 # x\n---\n\nb: [ 1,2 ]\n...\n--- # end\nc: "d"'
    const documents = readSource('x', text)
    const after = documents.map((document, index) => (index === 1 ? { b: [1, 2, 3] } : document.value))
    expect(changeSource('x', documents, after)).toBe(text.replace('1,2 ]', '1,2, 3 ]'))
  })
})

/** Whether an operation puts something where nothing is, in a map: lists of nameless items have no identity. */
function isPut(before: unknown, { path }: PatchOperation): boolean {
  const keys = path.split('/').slice(1)
  let at = before
  for (const part of keys.map(name => name.replaceAll('~1', '/').replaceAll('~0', '~'))) {
    if (!isJsonMap(at)) return false
    at = at[part]
  }
  return at === undefined
}
