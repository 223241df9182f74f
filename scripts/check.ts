import { spawnSync } from 'node:child_process'

/** `npm run check`: everything that must hold before a change lands, in order of speed; all are run, failures listed. */
const checks: Readonly<Record<string, readonly string[]>> = {
  format: ['biome', 'check', '--linter-enabled=false', '--error-on-warnings', '.'],
  lint: ['oxlint', '--type-aware', '--deny-warnings'],
  types: ['tsc'],
  knip: ['knip'],
  'layers and drift': ['vitest', 'run', '--project', 'structure'],
  'unit and dataflow': ['vitest', 'run', '--project', 'unit', '--project', 'dataflow'],
}

const failed = Object.entries(checks).flatMap(([name, [command, ...args]]) => {
  process.stdout.write(`\n== ${name}\n`)
  const done = spawnSync(`node_modules/.bin/${command ?? ''}`, args, { stdio: 'inherit' })
  return done.status === 0 ? [] : [name]
})
process.stdout.write(failed.length === 0 ? '\ncheck: clean\n' : `\ncheck: failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length === 0 ? 0 : 1
