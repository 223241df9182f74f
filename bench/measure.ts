import { type Series, seriesOf } from './report.ts'

/** What to work on, and how many at a time. */
export interface Load<T> {
  readonly items: readonly T[]
  readonly parallel: number
}

/** Times `work` on every item. */
export async function measure<T>(
  what: string,
  { items, parallel }: Load<T>,
  work: (item: T) => Promise<unknown>,
): Promise<Series> {
  const waiting = [...items]
  const durations: number[] = []
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      const before = performance.now()
      await work(item)
      durations.push(performance.now() - before)
    }
  }
  const begun = performance.now()
  await Promise.all(Array.from({ length: parallel }, worker))
  return seriesOf(what, durations, performance.now() - begun)
}
