import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { pinned } from '#bench/webhook/pinned.ts'
import { programPath } from '#local/program-path.ts'
import { dial } from '#sdk/rpc/dial.ts'
import type { Client } from '#sdk/rpc/types.ts'
import { MonitorCrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { Forwarder } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'

/** How the manifests run the forwarder. */
const env = { NODE_OPTIONS: '--max-semi-space-size=1', UV_THREADPOOL_SIZE: '32', LOG_LEVEL: 'error' }

/** The forwarder as a process, on a core of its own where there are two. */
export interface RunningForwarder extends AsyncDisposable {
  readonly client: Client<typeof Forwarder>
  /** Milliseconds that it has spent on a processor. */
  readonly cpuMs: () => number
  /** MiB resident. */
  readonly memory: () => number
  /** Ends it at once, starts it again, and waits until it tells of so many cross connects; the milliseconds from its start. */
  readonly restart: (connections: number) => Promise<number>
}

/** Starts it with its sockets in a directory. */
export async function startForwarder(base: string): Promise<RunningForwarder> {
  const channel = dial(`unix://${base}/nsm-kernel-forwarder.forwarder.sock`)
  const client = channel.client(Forwarder)
  const monitor = channel.client(MonitorCrossConnect)
  let child = start(base)
  await until(() => client.close({ id: 'nothing' }))
  const proc = (file: string) => readFileSync(`/proc/${child.pid}/${file}`, 'utf8')
  return {
    client,
    // proc_pid_stat(5): utime and stime are fields 14 and 15, in hundredths of a second.
    cpuMs: () => {
      const fields = proc('stat')
        .replace(/^.*\) /s, '')
        .split(' ')
      return (Number(fields[11]) + Number(fields[12])) * 10
    },
    memory: () => Number(/^VmRSS:\s+(\d+) kB$/m.exec(proc('status'))?.[1]) / 1024,
    async restart(connections) {
      await end(child)
      const begun = performance.now()
      child = start(base)
      await until(async () => {
        for await (const { crossConnects } of monitor.monitorCrossConnects({}, { timeoutMs: 5_000 })) {
          if (Object.keys(crossConnects).length < connections) throw new Error('not all were adopted')
          return
        }
      })
      return performance.now() - begun
    },
    async [Symbol.asyncDispose]() {
      await channel[Symbol.asyncDispose]()
      await end(child)
    },
  }
}

function start(base: string): ChildProcess {
  const [command = '', ...args] = pinned('server', [process.execPath, programPath('forwarder')])
  return spawn(command, args, {
    env: { ...process.env, ...env, NSM_BASEDIR: base },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

async function end(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

/** Tries until it succeeds: the socket is not served at once. */
async function until(attempt: () => Promise<unknown>): Promise<void> {
  const deadline = AbortSignal.timeout(20_000)
  for (;;) {
    try {
      await attempt()
      return
    } catch (cause) {
      if (deadline.aborted) throw cause
      await delay(5)
    }
  }
}
