import type { Random } from './random.ts'

/** What a fuzzer works on: a body to change, others to take parts from, and chance. */
interface Material {
  readonly body: Buffer
  readonly others: readonly Buffer[]
  readonly random: Random
}

type Mutation = (material: Material) => Buffer

/** Changes a body in one to four ways; sometimes the result is still what it was. */
export function mutate({ body, others, random }: Material): Buffer {
  let changed = body
  for (let times = 1 + random.below(random.oneOf([1, 1, 4])); times > 0; times--)
    changed = random.oneOf(mutations)({ body: changed, others, random })
  return changed
}

const words: readonly [string, ...string[]] = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '\\u0000',
  '\\ud800',
  'null',
  '-0',
  '1e999',
  '9'.repeat(400),
  '"__proto__":{"spec":{}},',
  '"constructor":null,',
  '"uid":"x",',
  '"metadata":[],',
  '"containers":{},',
  '\u0000',
  '\ufeff',
  ' \n\t',
]

const values: readonly [string, ...string[]] = [
  'null',
  'true',
  '0',
  '-1',
  '1e308',
  '""',
  '"x"',
  '"nsm-init"',
  '[]',
  '[null]',
  '[[]]',
  '{}',
  '{"a":{}}',
  '[{"name":"nsm-init"}]',
  '{"__proto__":null}',
  '"kernel://a,kernel://a"',
  '"\\ud83d\\ude00 \\/"',
]

const mutations: readonly [Mutation, ...Mutation[]] = [
  function flip({ body, random }) {
    const copy = Buffer.from(body)
    if (copy.length > 0) copy[random.below(copy.length)] = random.below(256)
    return copy
  },
  ({ body, random }) => body.subarray(0, random.below(body.length + 1)),
  ({ body, random }) => spliced(body, part(body, random), random),
  ({ body, others, random }) =>
    spliced(body, part(others[random.below(others.length)] ?? body, random), random),
  ({ body, random }) => spliced(body, Buffer.from(random.oneOf(words)), random),
  ({ body, random }) => Buffer.concat([body, Buffer.from(random.oneOf(words))]),
  ({ body, random }) => {
    const [from, to] = range(body, random)
    return Buffer.concat([body.subarray(0, from), body.subarray(to)])
  },
  ({ body, random }) => {
    const depth = 1 + random.below(random.oneOf([20, 200, 20_000]))
    const [open, close] = random.oneOf([
      ['[', ']'],
      ['{"a":', '}'],
    ] as const)
    const core = random.oneOf(values)
    return replaceValue({ body, random }, open.repeat(depth) + core + close.repeat(depth))
  },
  ({ body, random }) => replaceValue({ body, random }, random.oneOf(values)),
  ({ body, random }) => replaceValue({ body, random }, random.oneOf(values)),
  ({ body, random }) => replaceValue({ body, random }, JSON.stringify('y'.repeat(random.below(20_000)))),
  ({ body, random }) => replaceValue({ body, random }, `[${'{},'.repeat(random.below(5_000))}{}]`),
]

/** Puts text in the place of what stands behind some colon, up to the next comma or bracket: mostly a whole value. */
function replaceValue({ body, random }: Pick<Material, 'body' | 'random'>, text: string): Buffer {
  const start = body.indexOf(':', random.below(body.length + 1))
  if (start === -1) return body
  let end = start + 1
  while (end < body.length && !',}]'.includes(String.fromCharCode(body[end] ?? 0))) end++
  return Buffer.concat([body.subarray(0, start + 1), Buffer.from(text), body.subarray(end)])
}

function spliced(body: Buffer, piece: Buffer, random: Random): Buffer {
  const at = random.below(body.length + 1)
  return Buffer.concat([body.subarray(0, at), piece, body.subarray(at)])
}

function part(body: Buffer, random: Random): Buffer {
  const [from, to] = range(body, random)
  return body.subarray(from, to)
}

function range(body: Buffer, random: Random): readonly [from: number, to: number] {
  const from = random.below(body.length + 1)
  return [from, Math.min(body.length, from + random.below(random.oneOf([8, 200, 2_000])))]
}
