import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isObject } from '#kube/shape.ts'
import { maxDepth } from './cursor.ts'
import { MalformedJson } from './malformed.ts'
import { pickJson } from './pick.ts'
import { each, fields, type Shape, whole, wholes } from './shape.ts'

const shape = fields({
  ...wholes('a', 'b', 'c'),
  deep: fields({ a: whole, deep: fields({ b: whole }) }),
  list: each(fields({ name: whole, b: whole }, { field: 'name', begins: 'nsm-' })),
})

describe('pickJson()', () => {
  it('gives of any JSON exactly what JSON.parse gives, for the fields that are kept', () => {
    fc.assert(
      fc.property(json(), fc.boolean(), (value, spaced) => {
        const text = JSON.stringify(value, undefined, spaced ? 1 : undefined)
        deepStrictEqual(pick(text), project(JSON.parse(text), shape))
      }),
      { numRuns: 2_000 },
    )
  })

  it('gives of text with repeated and escaped keys what JSON.parse gives', () => {
    fc.assert(
      fc.property(rawObject(3), text => {
        deepStrictEqual(pick(text), project(JSON.parse(text), shape))
      }),
      { numRuns: 2_000 },
    )
  })

  it('takes and refuses bytes as JSON.parse does, when every field is kept', () => {
    fc.assert(
      fc.property(damaged(), bytes => {
        deepStrictEqual(
          outcome(() => pickJson(bytes, whole)),
          outcome(() => JSON.parse(bytes.toString('utf8'))),
        )
      }),
      { numRuns: 5_000 },
    )
  })

  it('never fails but with MalformedJson, and never gives what JSON.parse of a valid text does not', () => {
    fc.assert(
      fc.property(damaged(), bytes => {
        const found = outcome(() => pickJson(bytes, shape))
        const expected = outcome(() => JSON.parse(bytes.toString('utf8')))
        if (expected !== refused) deepStrictEqual(found, project(expected, shape))
      }),
      { numRuns: 5_000 },
    )
  })

  it.each([
    ['', /unexpected the end at byte 0/],
    ['{', /unexpected the end at byte 1/],
    ['{"a"', /unexpected the end/],
    ['{"a" 1}', /unexpected "1" at byte 5/],
    ['{"a":}', /unexpected "}"/],
    ['{"a":1,}', /unexpected "}"/],
    ['{"a":1', /unexpected the end/],
    ['{a:1}', /unexpected "a"/],
    ['{"x":[1}}', /a bracket that does not match/],
    ['{"x":[[1]', /a bracket that is not closed/],
    ['{"x":"', /a string without an end/],
    ['{"x":["a\\', /a string without an end/],
    ['{"list":[{},]}', /unexpected "]"/],
    ['{} {}', /unexpected "{" at byte 3/],
    ['{"a":nul}', /a field that is read/],
    ['\ufeff{}', /unexpected/],
  ])('refuses %s', (text, says) => {
    expect(() => pick(text)).toThrow(says)
    expect(outcome(() => pick(text))).toBe(refused)
  })

  it.each([65_534, 65_535, 65_536, 200_000])('keeps %i bytes and more', size => {
    const large = {
      a: 'x'.repeat(size),
      x: 'y',
      b: ['z'.repeat(size)],
      list: Array.from({ length: 30_000 }, () => ({})),
    }
    deepStrictEqual(pick(JSON.stringify(large)), project(large, shape))
  })

  it('does not quote what it refuses', () => {
    expect(() => pick('{"a":"secret" secret}')).toThrow(/^(?!.*secret)/)
    expect(() => pick('{"a":{"b":secret}}')).toThrow(/^(?!.*secret)/)
  })

  it.each([
    { name: 'in what is passed over', before: '{"x":' },
    { name: 'in what is kept', before: '{"a":' },
    { name: 'at the top', before: '' },
  ])('takes $name as many levels as are allowed, and refuses one more', ({ before }) => {
    const outer = before === '' ? 0 : 1
    const nested = (levels: number) =>
      `${before}${'['.repeat(levels - outer)}${']'.repeat(levels - outer)}${outer === 1 ? '}' : ''}`
    expect(() => pick(nested(maxDepth))).not.toThrow()
    expect(() => pick(nested(maxDepth + 1))).toThrow(/more than 100 levels/)
    expect(() => pick(nested(1_000_000))).toThrow(/more than 100 levels/)
  })

  it.each([
    { name: 'empty objects passed over', text: `{"x":[${'{},'.repeat(300_000)}{}]}` },
    { name: 'numbers kept', text: `{"a":[${'1,'.repeat(600_000)}1]}` },
    { name: 'items looked into', text: `{"list":[${'{},'.repeat(300_000)}{}]}` },
    { name: 'fields', text: `{${'"a":1,'.repeat(600_000)}"a":1}` },
  ])('refuses too many values: $name', ({ text }) => {
    expect(() => pick(text)).toThrow(/more than 500000 values/)
  })
})

const refused = Symbol('refused')

function outcome(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    if (error instanceof MalformedJson || error instanceof SyntaxError) return refused
    throw error
  }
}

function pick(text: string): unknown {
  return pickJson(Buffer.from(text), shape)
}

/** What is kept of a value, said in the simplest way. */
function project(value: unknown, kept: Shape): unknown {
  if (kept.keep === 'each' && Array.isArray(value)) return value.map(item => project(item, kept.item))
  if (kept.keep !== 'fields' || !isObject(value)) return value
  const { wholeWhen } = kept
  const decider = wholeWhen === undefined ? undefined : value[wholeWhen.field]
  if (typeof decider === 'string' && decider.startsWith(wholeWhen?.begins ?? '')) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const field = kept.byName.get(key)
      return field === undefined ? [] : [[key, project(inner, field.shape)]]
    }),
  )
}

const keys = ['a', 'b', 'c', 'deep', 'list', 'name', 'x', '__proto__', 'constructor', '', 'a"', 'ü', 'nsm-']

function json(): fc.Arbitrary<unknown> {
  const { value } = fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('nsm-init', 'nsm', 'a\\"}', '\ud800', null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc
        .uniqueArray(fc.tuple(fc.constantFrom(...keys), tie('value')), {
          selector: ([key]) => key,
          maxLength: 6,
        })
        .map(
          entries =>
            JSON.parse(
              `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${JSON.stringify(inner)}`).join()}}`,
            ) as unknown,
        ),
    ),
  }))
  return value
}

/** Text of an object as no encoder writes it: repeated keys, escapes, spaces. */
function rawObject(depth: number): fc.Arbitrary<string> {
  const scalar = fc.constantFrom(
    '1',
    '-0.5e3',
    'null',
    'true',
    '"x"',
    '"nsm-a"',
    '"n\\u0073m-b"',
    '""',
    '[]',
    '{}',
  )
  const inner =
    depth === 0
      ? scalar
      : fc.oneof(
          scalar,
          rawObject(depth - 1),
          fc.array(rawObject(depth - 1), { maxLength: 3 }).map(items => `[${items.join(' ,')}]`),
        )
  const key = fc
    .tuple(fc.constantFrom(...keys), fc.constantFrom(plain, escaped))
    .map(([name, write]) => write(name))
  return fc
    .array(fc.tuple(key, inner, fc.constantFrom('', ' ', '\n\t')), { maxLength: 6 })
    .map(
      entries =>
        `{${entries.map(([name, value, space]) => `${space}${name}${space}:${space}${value}`).join(',')}}`,
    )
}

function plain(text: string): string {
  return JSON.stringify(text)
}

function escaped(text: string): string {
  return `"${Array.from(text, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
}

/** Valid JSON with some bytes changed, cut or doubled. */
function damaged(): fc.Arbitrary<Buffer> {
  const change = fc.record({
    at: fc.nat(),
    byte: fc.constantFrom(...Buffer.from('{}[]",:\\ \n0aute-.\u0000\u00ff')),
    kind: fc.constantFrom('set', 'cut', 'double', 'drop'),
  })
  return fc
    .tuple(rawObject(2), fc.array(change, { maxLength: 3 }))
    .map(([text, changes]) => changes.reduce(apply, Buffer.from(text)))
}

function apply(
  bytes: Buffer,
  { at, byte, kind }: { readonly at: number; readonly byte: number; readonly kind: string },
): Buffer {
  const place = bytes.length === 0 ? 0 : at % bytes.length
  if (kind === 'cut') return bytes.subarray(0, place)
  if (kind === 'double') return Buffer.concat([bytes.subarray(0, place), bytes])
  if (kind === 'drop') return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1)])
  const copy = Buffer.from(bytes)
  copy[place] = byte
  return copy
}
