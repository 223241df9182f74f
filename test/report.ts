import { readFileSync } from 'node:fs'

/** What came of one tier, or of all. */
export interface Totals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** A line for each test that failed, or passed at a second try only. */
  readonly told: readonly string[]
}

/** What comes of nothing. */
export const none: Totals = { passed: 0, failed: 0, skipped: 0, told: [] }

/** Of two tiers together. */
export function sum(one: Totals, other: Totals): Totals {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
    told: [...one.told, ...other.told],
  }
}

/** What vitest's JSON reporter writes, as far as it matters here. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly status: string
      readonly failureMessages: readonly string[] | null
    }[]
  }[]
}

/** How a run of vitest ended. */
export interface Ended {
  readonly tier: string
  readonly status: number
}

/** Reads a report. A run that ends badly without a failing test (a crash, an unhandled rejection) counts as one failure. */
export function readReport(path: string, { tier, status }: Ended): Totals {
  const report = parse(path)
  if (report === undefined) {
    const told = [`FAILED ${tier}: the run ended with ${status} and without a report\n`]
    return status === 0 ? none : { ...none, failed: 1, told }
  }
  const told = report.testResults.flatMap(({ name, status: state, message, assertionResults }) => {
    const file = name.replace(`${process.cwd()}/`, '')
    const rows = assertionResults.flatMap(test => {
      const complaints = test.failureMessages ?? []
      const verb = test.status === 'failed' ? 'FAILED' : complaints.length > 0 ? 'AGAIN' : ''
      if (verb === '') return []
      return [
        `${verb} ${tier}: ${[file, ...test.ancestorTitles, test.title].join(' > ')}: ${firstLine(complaints[0])}\n`,
      ]
    })
    // A file of which not even the tests are known.
    const isBroken = state === 'failed' && !rows.some(row => row.startsWith('FAILED'))
    return isBroken ? [...rows, `FAILED ${tier}: ${file}: ${firstLine(message)}\n`] : rows
  })
  const isSilent = status !== 0 && !told.some(line => line.startsWith('FAILED'))
  return {
    passed: report.numPassedTests,
    failed: Math.max(report.numFailedTests, status === 0 ? 0 : 1),
    skipped: report.numPendingTests,
    told: isSilent
      ? [...told, `FAILED ${tier}: the run ended with ${status}, although no test failed\n`]
      : told,
  }
}

function parse(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report
  } catch {
    return undefined
  }
}

function firstLine(text = ''): string {
  return text.split('\n')[0] ?? ''
}
