import { spawnSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { clusterText } from '#bench/cluster/report.ts'
import { type KernelReport, kernelText } from '#bench/kernel/report.ts'
import { measureWebhook } from '#bench/webhook/measure.ts'
import { webhookText } from '#bench/webhook/report.ts'
import { type Report, reportText } from './report.ts'

/**
 * `npm run bench [-- --json] [-- --connections 200]`: how fast connections come about, beside the same links made by
 * bare netlink in the same run. Everything happens in namespaces of its own; nothing stays.
 *
 * `npm run bench -- kernel [--json] [--connections 5000] [--rounds 15]`: the forwarder's goals, each beside its baseline.
 *
 * `npm run bench -- webhook [--json] [--rounds 3] [--seconds 2]`: the webhook beside a bare HTTPS server of Node.
 *
 * `npm run bench -- cluster [--json] [--rounds 10] [--pods 100]`: the mesh on a Kubernetes of two nodes, as root.
 */
const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, kernel ${release()}, Node ${process.version}`
const [what, ...args] = process.argv.slice(2)
if (what === 'webhook') await benchWebhook(args)
else if (what === 'kernel') benchKernel(args)
else if (what === 'cluster') await benchCluster(args)
else benchMesh(process.argv.slice(2))

async function benchWebhook(given: string[]): Promise<void> {
  const { values } = parseArgs({
    args: given,
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
    },
  })
  const report = await measureWebhook(Number(values.rounds), Number(values.seconds))
  print(report, values.json ? undefined : webhookText(machine, report))
}

async function benchCluster(given: string[]): Promise<void> {
  const { values } = parseArgs({
    args: given,
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '10' },
      pods: { type: 'string', default: '100' },
    },
  })
  // It brings the harness of the tests along, for which no other bench is to wait.
  const { measureCluster } = await import('#bench/cluster/measure.ts')
  const report = await measureCluster({ rounds: Number(values.rounds), pods: Number(values.pods) })
  print(report, values.json ? undefined : clusterText(machine, report))
}

function benchKernel(given: readonly string[]): void {
  const said = inNamespaces('dist/bench-kernel.js', given)
  if (said === undefined) return
  const report = JSON.parse(said) as KernelReport
  print(report, given.includes('--json') ? undefined : kernelText(machine, report))
}

function benchMesh(given: readonly string[]): void {
  const said = inNamespaces('dist/bench.js', given)
  if (said === undefined) return
  const report = JSON.parse(said) as Report
  print(report, given.includes('--json') ? undefined : reportText(machine, report))
}

/** What a program says that runs in namespaces of its own; undefined when it failed. */
function inNamespaces(file: string, given: readonly string[]): string | undefined {
  const within = [
    '--user',
    '--map-root-user',
    '--net',
    '--mount',
    '--propagation',
    'private',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
  ]
  const prepare = 'mount -t tmpfs -o mode=0755 tmpfs /run && mkdir /run/nsm /run/netns && exec "$@"'
  const program = [process.execPath, file, ...given.filter(arg => arg !== '--json')]
  const done = spawnSync('unshare', [...within, 'sh', '-c', prepare, 'bench', ...program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    env: { ...process.env, UV_THREADPOOL_SIZE: '32' },
  })
  if (done.status === 0) return done.stdout
  process.exitCode = done.status ?? 1
  return undefined
}

/** Prints a report as text, or as JSON when there is none. */
function print(report: object, text: string | undefined): void {
  process.stdout.write(text ?? `${JSON.stringify({ machine, ...report }, undefined, 2)}\n`)
}
