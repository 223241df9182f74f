import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { readPod } from '#kube/pod.ts'
import { describeAnswer, type GoldenCase, goldenCases, patched } from './golden.contract.ts'
import { faults } from './mutation.contract.ts'
import type { review } from './review.ts'
import type { unpatchPod } from './unpatch.ts'

/** What is judged: the code as it is, or with one fault. */
interface Core {
  readonly review: typeof review
  readonly unpatchPod: typeof unpatchPod
}

const cases = goldenCases()
const expected = new Map(cases.map(({ name, file }) => [name, readFileSync(file, 'utf8')]))

describe('the goldens', () => {
  it('let the code pass as it is', async () => {
    const core = await load()
    expect(cases.find(golden => isWrong(core, golden))?.name).toBeUndefined()
  })

  it.each(faults)('catch a fault in $file: $fault', async ({ file, from, to }) => {
    const path = join(import.meta.dirname, file)
    const source = readFileSync(path, 'utf8')
    expect(source.split(from), `${file} has this once: ${from}`).toHaveLength(2)
    const core = await load({ path, source: source.replace(from, () => to) })
    expect(cases.find(golden => isWrong(core, golden))).toBeDefined()
  })
})

/** Whether a golden says something else, a second pass changes something, or the way back ends elsewhere. */
function isWrong({ review, unpatchPod }: Core, golden: GoldenCase): boolean {
  const { question, context, object } = golden
  try {
    const first = review(question, context).answer.response
    if (describeAnswer(golden, first) !== expected.get(golden.name)) return true
    if (!first.allowed) return false
    const after = patched(object, first)
    const again = { ...question, request: { ...question.request, object: after } }
    if (review(again, context).answer.response.patch !== undefined) return true
    if (object.kind !== 'Pod') return false
    const [was, is] = [object, after].map(json => JSON.stringify(unpatchPod(readPod(json)).pod))
    return was !== is
  } catch {
    return true
  }
}

/** The core, with one of its files read from elsewhere. */
async function load(changed?: { readonly path: string; readonly source: string }): Promise<Core> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { review } from './review.ts'; export { unpatchPod } from './unpatch.ts'`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    plugins: [
      {
        name: 'fault',
        setup(bundler) {
          bundler.onLoad({ filter: /\.ts$/ }, ({ path }) =>
            path === changed?.path ? { contents: changed.source, loader: 'ts' } : undefined,
          )
        },
      },
    ],
  })
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64')
  return (await import(/* @vite-ignore */ `data:text/javascript;base64,${code}`)) as Core
}
