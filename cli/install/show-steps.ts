import type { Context } from '#cli/context.ts'
import { showProgress } from '#cli/output/progress.ts'
import type { Step } from './step.ts'

/** Shows steps as they come on standard error; `json` prints what became of each object on standard output instead. */
export async function showSteps(
  steps: AsyncIterable<Step>,
  context: Context,
  format: 'lines' | 'json',
): Promise<void> {
  if (format === 'lines') return showProgress(steps, context)
  const objects: object[] = []
  try {
    for await (const { object, state, text } of steps)
      if (state !== 'waiting') objects.push({ object, state, ...(text === '' ? {} : { text }) })
  } finally {
    context.out(`${JSON.stringify({ objects }, undefined, 2)}\n`)
  }
}
