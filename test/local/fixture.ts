import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, type Mesh, type PodRow, podsOf } from './nsm.ts'

/** A folder for the manifests of one test file; disposed of with all that is in it. */
export class Manifests implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'nsm-failures-'))

  /** Writes a manifest and gives its path; the same name again overwrites it. */
  file(name: string, ...objects: readonly string[]): string {
    const path = join(this.#folder, `${name}.yaml`)
    writeFileSync(path, objects.join('---\n'))
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** The node that a pod of a mesh of several nodes is put on; default the mesh's choice. */
export interface On {
  readonly node?: string
}

/** A pod that asks for services by its annotation and then idles. */
export function clientPod(name: string, annotation: string, { node }: On = {}): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  annotations:
    ns.networkservicemesh.io: ${JSON.stringify(annotation)}
spec:
  terminationGracePeriodSeconds: 0
${nodeLine(node)}  containers:
    - { name: app, image: alpine, command: ["tail", "-f", "/dev/null"] }
`
}

/** A pod with the endpoint side-car, which offers one service; `variables` come on top. */
export function endpointPod(
  name: string,
  service: string,
  { node, ...variables }: Readonly<Record<string, string>> & On,
): string {
  const env = Object.entries({ ENDPOINT_NETWORK_SERVICE: service, ...variables })
    .map(([key, value]) => `        - { name: ${key}, value: ${JSON.stringify(value)} }\n`)
    .join('')
  return `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
spec:
${nodeLine(node)}  containers:
    - name: nse
      image: networkservicemesh/sidecar-nse:latest
      env:
${env}      resources: { limits: { networkservicemesh.io/socket: "1" } }
`
}

function nodeLine(node: string | undefined): string {
  return node === undefined ? '' : `  nodeName: ${node}\n`
}

/** A service that any endpoint may provide. */
export function serviceObject(name: string, payload: 'IP' | 'ETHERNET' = 'IP'): string {
  return `apiVersion: networkservicemesh.io/v1alpha1
kind: NetworkService
metadata: { name: ${name} }
spec: { payload: ${payload} }
`
}

/** One of our programs in a mesh: of the mesh itself, or of the pod that is named. */
export interface ProgramName {
  readonly program: 'manager' | 'forwarder' | 'registry' | 'webhook' | 'sidecar-nse' | 'init-client'
  readonly pod?: string
  /** Of a mesh of several nodes. */
  readonly node?: string
}

/** The pid of a program as the host sees it; undefined while it does not run. */
export function pidOf(mesh: Mesh, { program, pod, node }: ProgramName): number | undefined {
  const found = readdirSync('/proc').find(pid => {
    if (!/^\d+$/.test(pid)) return false
    try {
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
      return (
        argv[1]?.endsWith(`/dist/${program}.js`) === true &&
        variables.includes(`NSM_MESH_NAME=${mesh.name}`) &&
        (pod === undefined || variables.includes(`HOSTNAME=${pod}`)) &&
        (node === undefined || variables.includes(`NODE_NAME=${node}`))
      )
    } catch {
      return false
    }
  })
  return found === undefined ? undefined : Number(found)
}

/** Kills a program of a mesh that must be running; resolves to the pid that it had. */
export async function kill(mesh: Mesh, name: ProgramName): Promise<number> {
  const pid = await eventually(`${name.program} runs`, async () => pidOf(mesh, name))
  process.kill(pid, 'SIGKILL')
  return pid
}

/** Kills a program over and over, as soon as it is started again, until `probe` gives something. */
export async function keepKilling<T>(
  mesh: Mesh,
  name: ProgramName,
  probe: () => Promise<T | undefined>,
): Promise<T> {
  const again = setInterval(() => {
    const pid = pidOf(mesh, name)
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  }, 50)
  try {
    return await eventually(`something is said while ${name.program} is away`, probe, 40_000)
  } finally {
    clearInterval(again)
  }
}

/** The row of one pod; undefined when there is none. */
export async function podNamed(mesh: Mesh, name: string): Promise<PodRow | undefined> {
  return (await podsOf(mesh)).find(row => row.name === name)
}

/** All that a pod's containers say, in one line; empty when there is no such pod. */
export async function messageOf(mesh: Mesh, name: string): Promise<string> {
  return (await podNamed(mesh, name))?.containers.map(({ message }) => message).join(' ') ?? ''
}

/** The names of a pod's interfaces besides `lo`. */
export async function linksOf(mesh: Mesh, pod: string): Promise<readonly string[]> {
  const links: readonly { readonly ifname: string }[] = JSON.parse(
    await mesh.ok('exec', pod, '--', 'ip', '-j', 'link'),
  )
  return links.map(({ ifname }) => ifname).filter(name => name !== 'lo')
}

/** An address of an interface, as `ip` tells it. */
export interface InterfaceAddress {
  readonly ifname: string
  readonly cidr: string
}

/** The global addresses of a pod, those of `lo` left out. */
export async function addressesOf(mesh: Mesh, pod: string): Promise<readonly InterfaceAddress[]> {
  const links: readonly {
    readonly ifname: string
    readonly addr_info: readonly {
      readonly local: string
      readonly prefixlen: number
      readonly scope: string
    }[]
  }[] = JSON.parse(await mesh.ok('exec', pod, '--', 'ip', '-j', 'address'))
  return links
    .filter(({ ifname }) => ifname !== 'lo')
    .flatMap(({ ifname, addr_info }) =>
      addr_info
        .filter(({ scope }) => scope === 'global')
        .map(({ local, prefixlen }) => ({ ifname, cidr: `${local}/${prefixlen}` })),
    )
}

/** Which pings to send. */
export interface Pings {
  /** Name of the pod. */
  readonly from: string
  readonly to: string
  /** Default 1. */
  readonly count?: number
}

/** How many of the pings that a pod sends, ten a second, come back. */
export async function answersTo(mesh: Mesh, { from, to, count = 1 }: Pings): Promise<number> {
  const ping = ['ping', '-q', '-W', '2', '-i', '0.1', '-c', String(count), to]
  const { stdout } = await mesh.run('exec', from, '--', ...ping)
  return Number(/(\d+) received/.exec(stdout)?.[1] ?? 0)
}
