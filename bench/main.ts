import { spawnSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'
import { type Report, reportText } from './report.ts'

/**
 * `npm run bench [-- --json] [-- --connections 200]`: how fast connections come about, beside the same links made by
 * bare netlink in the same run. Everything happens in namespaces of its own; nothing stays.
 */
const args = process.argv.slice(2)
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
const done = spawnSync(
  'unshare',
  [
    ...within,
    'sh',
    '-c',
    prepare,
    'bench',
    process.execPath,
    'dist/bench.js',
    ...args.filter(arg => arg !== '--json'),
  ],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  },
)
if (done.status === 0) {
  const report = JSON.parse(done.stdout) as Report
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, kernel ${release()}, Node ${process.version}`
  process.stdout.write(
    args.includes('--json')
      ? `${JSON.stringify({ machine, ...report }, undefined, 2)}\n`
      : reportText(machine, report),
  )
} else process.exitCode = done.status ?? 1
