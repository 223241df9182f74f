import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * `npm test`: every tier that this machine can run, and for each other one why not.
 * Arguments go to vitest, as in `npm test -- sdk/ipam`.
 */
interface Tier {
  readonly projects: readonly string[]
  /** What stands before the vitest command: fresh namespaces for what touches the kernel. */
  readonly within: readonly string[]
  /** A sentence when the machine cannot run the tier. */
  readonly missing: () => string | undefined
}

const namespaces = ['unshare', '--user', '--map-root-user', '--net', '--mount', '--propagation', 'private']

const tiers: readonly Tier[] = [
  { projects: ['unit', 'dataflow', 'structure'], within: [], missing: () => undefined },
  { projects: ['kernel'], within: [...namespaces, 'sh', 'test/confined.sh'], missing: noUserNamespaces },
  { projects: ['root'], within: namespaces, missing: noUserNamespaces },
  { projects: ['local'], within: [], missing: noUserNamespaces },
  { projects: ['apiserver'], within: [], missing: noControlPlane },
]

const results = mkdtempSync(join(tmpdir(), 'nsm-test-'))
try {
  const totals = tiers.map(runTier).reduce(
    (sum, tier) => ({
      passed: sum.passed + tier.passed,
      failed: sum.failed + tier.failed,
      skipped: sum.skipped + tier.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  )
  process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`)
  process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0
} finally {
  rmSync(results, { recursive: true, force: true })
}

interface Totals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

function runTier(tier: Tier): Totals {
  const name = tier.projects.join(', ')
  const reason = tier.missing()
  if (reason !== undefined) {
    process.stdout.write(`\n${name}: SKIPPED: ${reason}\n`)
    return { passed: 0, failed: 0, skipped: 1 }
  }
  process.stdout.write(`\n${name}:\n`)
  const report = join(results, `${tier.projects[0]}.json`)
  const vitest = [
    'node_modules/.bin/vitest',
    'run',
    // The default loader writes a file beside the configuration, which a confined tier cannot.
    '--configLoader=native',
    ...tier.projects.flatMap(project => ['--project', project]),
  ]
  const reporters = [
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]
  const [command, ...args] = [...tier.within, ...vitest, ...reporters, ...process.argv.slice(2)]
  const done = spawnSync(command ?? '', args, { stdio: 'inherit' })
  return totalsOf(report, done.status ?? 1)
}

/** A run that ends badly without a failing test (a crash, an unhandled rejection) counts as one failure. */
function totalsOf(report: string, status: number): Totals {
  try {
    const json = JSON.parse(readFileSync(report, 'utf8')) as {
      numPassedTests: number
      numFailedTests: number
      numPendingTests: number
    }
    const failed = json.numFailedTests === 0 && status !== 0 ? 1 : json.numFailedTests
    return { passed: json.numPassedTests, failed, skipped: json.numPendingTests }
  } catch {
    return { passed: 0, failed: status === 0 ? 0 : 1, skipped: 0 }
  }
}

function noUserNamespaces(): string | undefined {
  const done = spawnSync('unshare', [...namespaces.slice(1), 'true'], { encoding: 'utf8' })
  if (done.status === 0) return undefined
  const said = done.error?.message ?? done.stderr.trim()
  return `this machine forbids user namespaces (${said}); allow them with: sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000 kernel.apparmor_restrict_unprivileged_userns=0`
}

/** Builds the control plane when it is not there, unless the arguments choose no test that needs it. */
function noControlPlane(): string | undefined {
  const list = ['list', '--filesOnly', '--project', 'apiserver', ...process.argv.slice(2)]
  const chosen = spawnSync('node_modules/.bin/vitest', list, { encoding: 'utf8' })
  if (chosen.status === 0 && chosen.stdout.trim() === '') return undefined
  const done = spawnSync(process.execPath, ['scripts/kubernetes.ts'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (done.status === 0) return undefined
  const said = done.stdout.trim()
  return said === '' ? `scripts/kubernetes.ts ended with ${String(done.status ?? done.signal)}` : said
}
