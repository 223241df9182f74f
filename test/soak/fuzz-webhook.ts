import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fuzz } from './fuzz.ts'
import type { Target } from './line.ts'

/**
 * `npm run soak [-- --count 1000000] [-- --seed N]`: mutated reviews over real HTTPS, kept connections, against the
 * webhook's server in a process of its own. Fails when that ends, answers as it may not, or grows beyond 300 MiB.
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
const [count, seed] = [Number(values.count), Number(values.seed)]
const most = 300

const server = fork(fileURLToPath(new URL('./webhook-server.ts', import.meta.url)), {
  stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
})
const [target] = (await once(server, 'message')) as [Target]
const begun = performance.now()
let largest = 0
say(`seed ${seed}, ${count} bodies, ${memory(server)} MiB resident at the start`)
const ended = once(server, 'exit').then(([code]) => {
  throw new Error(`the server ended with ${String(code)}`)
})
const { statuses, wrong } = await Promise.race([fuzz(target, { seed, count, progress }), ended])
server.removeAllListeners('exit').kill()
say(
  `done after ${seconds()} s, answers by status ${JSON.stringify(statuses)}, at most ${largest} MiB resident`,
)
for (const one of wrong) say(`WRONG ${one}`)
process.exitCode = wrong.length === 0 && largest <= most ? 0 : 1

function progress(done: number): void {
  largest = Math.max(largest, memory(server))
  if (done % 50_000 === 0) say(`${done} after ${seconds()} s, ${memory(server)} MiB resident`)
}

function memory({ pid = 0 }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024)
}

function seconds(): string {
  return ((performance.now() - begun) / 1000).toFixed(0)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
