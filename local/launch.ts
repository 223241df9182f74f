import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { NsmError } from '#sdk/errors.ts'
import { connect } from './connect.ts'
import { controlName } from './control-socket.ts'
import { explainFailure } from './explain-failure.ts'
import { programPath } from './program-path.ts'

/** What a mesh is started with. */
export interface StartOptions {
  /** A DNS label. */
  readonly name: string
  readonly nodes: number
  /** Addresses by which several nodes reach each other. */
  readonly underlay: 'ipv4' | 'ipv6'
  /** MTU of the network between the nodes, in bytes. */
  readonly underlayMtu: number
  /** CIDRs that no connection may use. */
  readonly excludedPrefixes: readonly string[]
  /** Whether a helper on each node may read packets of pods; default off. */
  readonly capture?: 'on' | 'off'
}

/**
 * Starts a mesh and returns when it answers; it goes on after this process has ended. Fails with ALREADY_EXISTS when
 * one of that name runs, UNSUPPORTED when this machine forbids user namespaces, and with the supervisor's own words
 * when it does not come up within a minute. An abort takes it down again.
 */
export async function start(options: StartOptions, signal: AbortSignal): Promise<void> {
  const { name } = options
  const listener = await listen(name)
  const supervisor = spawnSupervisor(options, listener)
  listener.close()
  const errors = supervisor.stderr === null ? Promise.resolve('') : text(supervisor.stderr).catch(() => '')
  try {
    await Promise.race([answers(name, signal), ends(supervisor, errors)])
  } catch (thrown) {
    // Its child, the first process of the PID namespace, is killed with it (unshare --kill-child).
    supervisor.kill('SIGKILL')
    throw thrown
  }
  supervisor.stderr?.destroy()
  supervisor.unref()
}

/**
 * The control socket is opened here, in the user's network namespace, and inherited by the supervisor, which lives in
 * another: an abstract name belongs to the network namespace it was bound in.
 */
async function listen(name: string): Promise<Server> {
  const server = createServer(early => early.destroy())
  server.listen(`\0${controlName(process.getuid?.() ?? 0, name)}`)
  try {
    await once(server, 'listening')
    return server
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) throw cause
    throw new NsmError(
      'ALREADY_EXISTS',
      `mesh "${name}" is running; change it with: nsm apply -f FILE --name ${name}`,
      { cause },
    )
  }
}

const namespaces = [
  '--user',
  '--map-root-user',
  '--mount',
  '--propagation',
  'private',
  '--net',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
]

/**
 * The first process of the PID namespace. A shell, because it reaps orphans while it waits, which Node does not. What
 * the supervisor says goes to a file of the mesh, since the one who started it will be gone; its end is shown when it fails.
 */
const init = `mount -t tmpfs -o mode=0755 tmpfs /run && mkdir /run/nsm /run/netns || exit 1
"$@" 2>/run/nsm/supervisor.log
code=$?
tail -n 20 /run/nsm/supervisor.log >&2
exit $code`

function spawnSupervisor(
  { name, nodes, underlay, underlayMtu, excludedPrefixes, capture = 'off' }: StartOptions,
  listener: Server,
): ChildProcess {
  const command = [...namespaces, 'sh', '-c', init, 'nsm-local', process.execPath, programPath('local')]
  return spawn('unshare', command, {
    cwd: '/',
    detached: true,
    env: environment({
      NSM_MESH_NAME: name,
      NSM_MESH_NODES: String(nodes),
      NSM_MESH_UNDERLAY: underlay,
      NSM_MESH_UNDERLAY_MTU: String(underlayMtu),
      NSM_MESH_CAPTURE: capture,
      NSM_MESH_EXCLUDED_PREFIXES: excludedPrefixes.join(','),
    }),
    stdio: ['ignore', 'ignore', 'pipe', descriptorOf(listener)],
  })
}

/** What of the user's environment a mesh may know, so that it behaves the same whoever starts it. */
function environment(own: Readonly<Record<string, string>>): Record<string, string> {
  const kept = ['HOME', 'LANG', 'TZ', 'LOG_LEVEL', 'NSM_MESH_GRACE'].flatMap(key => {
    const value = process.env[key]
    return value === undefined ? [] : [[key, value] as const]
  })
  const path = [dirname(process.execPath), process.env['PATH'] ?? '', '/usr/sbin:/usr/bin:/sbin:/bin'].join(
    ':',
  )
  return { ...Object.fromEntries(kept), PATH: path, ...own }
}

async function answers(name: string, signal: AbortSignal): Promise<void> {
  await using connection = connect(name)
  try {
    await connection.mesh.status({}, { signal, timeoutMs: 60_000 })
  } catch (cause) {
    // A supervisor that dies resets the connection first and is found dead a moment later, with better words.
    await delay(1000, undefined, { signal }).catch(() => {})
    throw cause
  }
}

async function ends(supervisor: ChildProcess, errors: Promise<string>): Promise<never> {
  const [code] = await once(supervisor, 'exit').catch(cause => {
    throw new NsmError(
      'UNSUPPORTED',
      'starting a mesh: the program "unshare" cannot be run; install util-linux',
      { cause },
    )
  })
  throw await explainFailure(await errors, Number(code ?? -1))
}

/** Node keeps the descriptor in the undocumented handle of a server. */
function descriptorOf(server: Server): number {
  const handle: unknown = Reflect.get(server, '_handle')
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
  if (typeof fd === 'number' && fd >= 0) return fd
  throw new NsmError('INTERNAL', 'starting a mesh: the control socket has no descriptor')
}
