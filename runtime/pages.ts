import { type Metric, metricsText } from './metrics-text.ts'
import type { Page } from './serve-http.ts'

/** The program serves. */
export const alive: Page = () => ({ status: 200, text: 'serves\n' })

/** Whether the program can do its work: 200, or 503 with the reason why not. */
export function readiness(reason: () => string | undefined): Page {
  return () => {
    const why = reason()
    return { status: why === undefined ? 200 : 503, text: `${why ?? 'ready'}\n` }
  }
}

/** Metrics for Prometheus. */
export function metricsPage(read: () => Promise<readonly Metric[]>): Page {
  return async () => ({
    status: 200,
    text: metricsText(await read()),
    type: 'text/plain; version=0.0.4; charset=utf-8',
  })
}
