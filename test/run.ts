import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { none, readReport, sum, type Totals } from './report.ts'

/**
 * `npm test`: every tier that this machine can run, and for each other one why not.
 * Arguments go to vitest, as in `npm test -- sdk/ipam`; `--tier NAME` runs one tier, and builds all that it takes.
 */
interface Tier {
  readonly projects: readonly string[]
  /** What stands before the vitest command: fresh namespaces for what touches the kernel. */
  readonly within: readonly string[]
  /** A sentence when the machine cannot run the tier. */
  readonly missing: () => string | undefined
  /** How often a failed test of real processes is tried once more; each is told. */
  readonly retries?: number
}

const [flag, only] = process.argv.slice(2)
const isOne = flag === '--tier'
const forVitest = process.argv.slice(isOne ? 4 : 2)
/** There, what cannot be run has failed. */
const isDemanding =
  process.env['CI'] === 'true' && process.getuid?.() === 0 && existsSync('/etc/debian_version')

const namespaces = ['unshare', '--user', '--map-root-user', '--net', '--mount', '--propagation', 'private']

const tiers: readonly Tier[] = [
  { projects: ['unit', 'dataflow', 'structure'], within: [], missing: () => undefined },
  { projects: ['kernel'], within: [...namespaces, 'sh', 'test/confined.sh'], missing: noUserNamespaces },
  { projects: ['root'], within: namespaces, missing: noUserNamespaces },
  { projects: ['local'], within: [], missing: noUserNamespaces, retries: 1 },
  { projects: ['apiserver'], within: [], missing: noControlPlane, retries: 1 },
  { projects: ['cluster'], within: [], missing: noKubernetes, retries: 1 },
]

const results = mkdtempSync(join(tmpdir(), 'nsm-test-'))
try {
  const chosen = tiers.filter(({ projects }) => !isOne || projects.includes(only ?? ''))
  const totals = chosen.map(runTier).reduce(sum, none)
  process.stdout.write(
    `\n${totals.told.join('')}\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`,
  )
  process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0
} finally {
  rmSync(results, { recursive: true, force: true })
}

function runTier(tier: Tier): Totals {
  const name = tier.projects.join(', ')
  const reason = tier.missing()
  if (reason !== undefined) {
    process.stdout.write(`\n${name}: SKIPPED: ${reason}\n`)
    if (tier.retries === undefined || !isDemanding) return { ...none, skipped: 1 }
    return { ...none, failed: 1, told: [`FAILED ${name}: not run: ${reason}\n`] }
  }
  process.stdout.write(`\n${name}:\n`)
  const report = join(results, `${tier.projects[0]}.json`)
  const vitest = [
    'node_modules/.bin/vitest',
    'run',
    // The default loader writes a file beside the configuration, which a confined tier cannot.
    '--configLoader=native',
    ...tier.projects.flatMap(project => ['--project', project]),
    ...(tier.retries === undefined ? [] : ['--retry', String(tier.retries)]),
  ]
  const reporters = [
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]
  const [command, ...args] = [...tier.within, ...vitest, ...reporters, ...forVitest]
  const done = spawnSync(command ?? '', args, { stdio: 'inherit' })
  return readReport(report, { tier: name, status: done.status ?? 1 })
}

function noUserNamespaces(): string | undefined {
  const done = spawnSync('unshare', [...namespaces.slice(1), 'true'], { encoding: 'utf8' })
  if (done.status === 0) return undefined
  const said = done.error?.message ?? done.stderr.trim()
  return `this machine forbids user namespaces (${said}); allow them with: sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000 kernel.apparmor_restrict_unprivileged_userns=0`
}

/** Builds the control plane when it is not there, unless the arguments choose no test that needs it. */
function noControlPlane(): string | undefined {
  return hasNoTest('apiserver') ? undefined : provide()
}

/**
 * Nodes take minutes to build, so they are built when somebody asks for this tier or the run decides; otherwise it is run where
 * they are there, or on the cluster of KUBECONFIG.
 */
function noKubernetes(): string | undefined {
  if (hasNoTest('cluster') || (process.env['KUBECONFIG'] ?? '') !== '') return undefined
  const isAsked = isOne || isDemanding
  return (isAsked ? undefined : provide('--have', 'nodes')) ?? provide('nodes')
}

function hasNoTest(project: string): boolean {
  const list = ['list', '--filesOnly', '--project', project, ...forVitest]
  const chosen = spawnSync('node_modules/.bin/vitest', list, { encoding: 'utf8' })
  return chosen.status === 0 && chosen.stdout.trim() === ''
}

function provide(...args: readonly string[]): string | undefined {
  const done = spawnSync(process.execPath, ['scripts/kubernetes.ts', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (done.status === 0) return undefined
  const said = done.stdout.trim()
  return said === '' ? `scripts/kubernetes.ts ended with ${String(done.status ?? done.signal)}` : said
}
