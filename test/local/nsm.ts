import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/** What a run of the nsm command left. */
export interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A mesh of its own for one test file; every command goes through the real `nsm` as a process. */
export interface Mesh {
  readonly name: string
  /** Runs `nsm ARGS` and takes whatever comes out. */
  run(...args: readonly string[]): Promise<Run>
  /** Runs `nsm ARGS`, which must succeed, and gives its standard output. */
  ok(...args: readonly string[]): Promise<string>
  /** Starts `nsm ARGS` and leaves it running. */
  start(...args: readonly string[]): ReturnType<typeof spawn>
}

/** A handle on the mesh of this name. */
export function meshNamed(name: string): Mesh {
  const start = (...args: readonly string[]) =>
    spawn('node_modules/.bin/node', ['dist/cli.js', ...args], {
      env: { ...process.env, NSM_MESH: name, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const run = async (...args: readonly string[]): Promise<Run> => {
    const child = start(...args)
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ])
    return { code: code ?? -1, stdout, stderr }
  }
  const ok = async (...args: readonly string[]): Promise<string> => {
    const done = await run(...args)
    if (done.code !== 0)
      throw new Error(`nsm ${args.join(' ')} ended with ${done.code}:\n${done.stdout}${done.stderr}`)
    return done.stdout
  }
  return { name, run, ok, start }
}

/** Asks again, a few times a second, until `probe` gives something; the deadline is part of the story. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined>,
  withinMs = 20_000,
): Promise<T> {
  const signal = AbortSignal.timeout(withinMs)
  while (!signal.aborted) {
    const found = await probe()
    if (found !== undefined) return found
    await new Promise(resolve => setTimeout(resolve, 150))
  }
  throw new Error(`did not happen within ${withinMs} ms: ${what}`)
}

/** One row of `nsm connections --json`, as far as the stories need it. */
export interface ConnectionRow {
  readonly connection: {
    readonly id: string
    readonly networkService: string
    readonly networkServiceEndpointName: string
    readonly state: string
    readonly context: {
      readonly MTU?: number
      readonly ipContext: { readonly srcIpAddrs: readonly string[]; readonly dstIpAddrs: readonly string[] }
    }
  }
  readonly client: { readonly name: string }
  readonly endpoint: { readonly name: string }
  readonly node: string
  readonly endpointNode: string
  readonly tunnel?: { readonly type: string; readonly parameters: Readonly<Record<string, string>> }
}

/** All connections of the mesh. */
export async function connectionsOf(mesh: Mesh): Promise<readonly ConnectionRow[]> {
  return (JSON.parse(await mesh.ok('connections', '--json')) as { connections: readonly ConnectionRow[] })
    .connections
}

/** One row of `nsm ps --json`. */
export interface PodRow {
  readonly name: string
  readonly node: string
  readonly status: string
  readonly ready: number
  readonly containers: readonly {
    readonly name: string
    readonly restarts: number
    readonly message: string
  }[]
}

/** All pods of the mesh. */
export async function podsOf(mesh: Mesh): Promise<readonly PodRow[]> {
  return (JSON.parse(await mesh.ok('ps', '--json')) as { pods: readonly PodRow[] }).pods
}

/** An address without its prefix length. */
export function host(cidr: string | undefined): string {
  return cidr?.split('/')[0] ?? ''
}
