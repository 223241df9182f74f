import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** How long a Node process in a pod was there. */
export interface Lifetime {
  /** UID of the pod. */
  readonly pod: string
  /** Its arguments, with spaces between them. */
  readonly command: string
  /** Milliseconds from exec(2) of node until its parent was told that it had ended. */
  readonly ms: number
}

/** What the kernel tells of processes while this stands. */
export interface Lifetimes extends AsyncDisposable {
  /** Of processes that have ended so far. */
  readonly ended: readonly Lifetime[]
}

interface Running {
  readonly pod: string
  readonly command: string
  /** Seconds of the monotonic clock. */
  readonly since: number
}

const instance = '/sys/kernel/tracing/instances/nsm-bench'

/**
 * The kernel's own trace of exec and of SIGCHLD, in an instance that is removed afterwards; nothing that is measured is changed by
 * it. In a mount namespace, because not every machine has tracefs mounted. The end of its input is when to end, however this
 * process does.
 */
const script = `set -e
mount -t tracefs tracefs /sys/kernel/tracing
rmdir ${instance} 2>/dev/null || true
mkdir ${instance}
cd ${instance}
echo mono >trace_clock
echo 1 >options/record-tgid
echo 'filename ~ "*/node"' >events/sched/sched_process_exec/filter
echo 'sig == 17' >events/signal/signal_generate/filter
echo 1 >events/sched/sched_process_exec/enable
echo 1 >events/signal/signal_generate/enable
cat trace_pipe & reader=$!
echo ready
read -r end || true
kill $reader
wait $reader 2>/dev/null || true
cd /
rmdir ${instance}`

/** Watches all Node processes of pods from now on. Needs root outside of containers; throws Error when tracefs refuses. */
export async function watchLifetimes(): Promise<Lifetimes> {
  const enter = ['--mount', '--propagation', 'private']
  const child = spawn('unshare', [...enter, 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const running = new Map<string, Running>()
  const ended: Lifetime[] = []
  const lines = createInterface(child.stdout)
  const ready = Promise.race([
    // Not any line: the first may be an event.
    new Promise<void>(resolve => lines.on('line', line => line === 'ready' && resolve())),
    once(child, 'exit').then(() => {
      throw new Error('the kernel does not let itself be traced: see above')
    }),
  ])
  lines.on('line', line => {
    const event = parse(line)
    if (event?.kind === 'exec') {
      const began = lookAt(event.pid, event.at)
      if (began !== undefined) running.set(event.pid, began)
    } else if (event !== undefined) {
      const began = running.get(event.pid)
      if (began === undefined) return
      running.delete(event.pid)
      ended.push({ pod: began.pod, command: began.command, ms: (event.at - began.since) * 1_000 })
    }
  })
  await ready
  return {
    ended,
    async [Symbol.asyncDispose]() {
      const gone = once(child, 'exit')
      child.stdin.end()
      await gone
    },
  }
}

interface Event {
  readonly kind: 'exec' | 'end'
  /** Of the whole process. */
  readonly pid: string
  readonly at: number
}

/** `node-21983 ( 21942) [000] ..... 27905.936291: sched_process_exec: …`: thread, process, processor, flags, time. */
const form = /-(\d+)\s+\(\s*(\d+|-+)\) \[\d+\] \S+\s+([\d.]+): (sched_process_exec|signal_generate):/

function parse(line: string): Event | undefined {
  const [, thread = '', group = '', at, event] = form.exec(line) ?? []
  if (event === undefined) return undefined
  const pid = group.startsWith('-') ? thread : group
  return { kind: event === 'signal_generate' ? 'end' : 'exec', pid, at: Number(at) }
}

/** What can be known of it only while it lives. */
function lookAt(pid: string, since: number): Running | undefined {
  try {
    const [, pod] = /pod([0-9a-f-]{36})/.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ?? []
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    return pod === undefined ? undefined : { pod, command, since }
  } catch {
    // It has ended already, so it was nothing that is measured here.
    return undefined
  }
}
