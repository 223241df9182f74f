import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { controlAddress, dnsAddress, nodeAddress, type OwnFacts, podRange, registryPort } from './facts.ts'
import { removeControlGroups } from './folder.ts'
import { type Daemon, endSpace, must, run, type Space, startDaemon, startSpace, stopDaemon } from './space.ts'

/** A program of a node. */
export type NodeProgram = 'containerd' | 'kubelet' | 'kube-proxy'

const programs: readonly NodeProgram[] = ['containerd', 'kubelet', 'kube-proxy']

/** Name of a node, counted from 1. */
export const nodeName = (index: number): string => `node${index}`

/** What it is of the cluster. */
export interface NodePlace {
  readonly facts: OwnFacts
  /** Counted from 1. */
  readonly index: number
  /** How many nodes there are. */
  readonly count: number
}

/** Makes the disk of a node: configuration, and what outlives its reboots. */
export async function makeDisk({ facts, index }: NodePlace): Promise<void> {
  const disk = diskOf(facts, index)
  for (const name of ['var-lib', 'var-log', 'containerd', 'cni', 'ipam', 'certs/_default'])
    await mkdir(join(disk, name), { recursive: true })
  await writeFile(join(disk, 'cni', '10-bridge.conflist'), JSON.stringify(cni(disk, index)))
  await writeFile(join(disk, 'containerd.toml'), containerd(disk))
  await writeFile(
    join(disk, 'certs', '_default', 'hosts.toml'),
    `[host."http://${controlAddress}:${registryPort}"]\ncapabilities = ["pull", "resolve"]\n`,
  )
  await writeFile(join(disk, 'kubelet.yaml'), JSON.stringify(kubelet(facts, index)))
}

/** Switches a node on: namespaces, its cable, and its programs. */
export async function bootNode(place: NodePlace): Promise<void> {
  const { facts, index } = place
  const disk = diskOf(facts, index)
  const space = await startSpace({
    machine: { pid: facts.machinePid },
    script: [`hostname ${nodeName(index)}`, mounts(disk), controlGroups(groupOf(facts, index))].join('\n'),
    log: join(disk, 'boot.log'),
  })
  await writeFile(join(disk, 'pid'), String(space.pid))
  await plug(place, space)
  for (const name of programs) await startOnNode(facts, index, name)
}

/** Pulls the plug of a node: everything on it is gone at once, but its disk. */
export async function crashNode(facts: OwnFacts, index: number): Promise<void> {
  await endSpace(spaceOf(facts, index))
  removeControlGroups(groupOf(facts, index))
}

/** Starts one of its programs. */
export async function startOnNode(facts: OwnFacts, index: number, name: NodeProgram): Promise<void> {
  await startDaemon(nodeDaemon(facts, index, name), commandOf(facts, index)[name])
}

/** Stops one of its programs. */
export async function stopOnNode(facts: OwnFacts, index: number, name: NodeProgram): Promise<void> {
  await stopDaemon(nodeDaemon(facts, index, name), 'TERM')
}

/** The namespaces of a node that is on. */
export function spaceOf(facts: OwnFacts, index: number): Space {
  return { pid: Number(readFileSync(join(diskOf(facts, index), 'pid'), 'utf8')) }
}

/** Cuts a node off the network of the cluster, or connects it again. */
export async function setCable(facts: OwnFacts, index: number, state: 'up' | 'down'): Promise<void> {
  await must({ pid: facts.controlPid }, ['ip', 'link', 'set', nodeName(index), state])
}

function nodeDaemon(facts: OwnFacts, index: number, name: NodeProgram): Daemon {
  return { space: spaceOf(facts, index), folder: diskOf(facts, index), name }
}

function diskOf({ folder }: OwnFacts, index: number): string {
  return join(folder, nodeName(index))
}

function groupOf({ folder }: OwnFacts, index: number): string {
  return `${basename(folder)}-${nodeName(index)}`
}

/** /var/lib and /var/log are those of the disk, /run is fresh, and mounts spread as on a usual host. */
function mounts(disk: string): string {
  return [
    'mount --make-rprivate /',
    `mount --bind ${disk}/var-lib /var/lib`,
    `mount --bind ${disk}/var-log /var/log`,
    'mount -t tmpfs -o mode=755 tmpfs /run',
    'mkdir -p /run/netns /run/lock /var/lib/kubelet/device-plugins',
    'mount --make-rshared /',
    'ip link set lo up',
    'echo 1 >/proc/sys/net/ipv4/ip_forward',
  ].join('\n')
}

/** The group under which kubelet makes those of its pods, in each hierarchy, with processors in it where that counts. */
function controlGroups(name: string): string {
  return [
    'if [ -f /sys/fs/cgroup/cgroup.controllers ]; then',
    `  mkdir -p /sys/fs/cgroup/${name}`,
    `  for at in /sys/fs/cgroup /sys/fs/cgroup/${name}; do`,
    '    for c in $(cat $at/cgroup.controllers); do echo +$c >$at/cgroup.subtree_control 2>/dev/null || true; done',
    '  done',
    'else',
    `  for at in /sys/fs/cgroup/*/; do mkdir -p $at/${name} 2>/dev/null || true; done`,
    '  for f in cpuset.cpus cpuset.mems; do',
    `    if [ -f /sys/fs/cgroup/cpuset/$f ]; then cat /sys/fs/cgroup/cpuset/$f >/sys/fs/cgroup/cpuset/${name}/$f; fi`,
    '  done',
    'fi',
  ].join('\n')
}

/** Connects a node to the bridge of the control plane, and the ranges of pods with each other. */
async function plug({ facts, index, count }: NodePlace, node: Space): Promise<void> {
  const control: Space = { pid: facts.controlPid }
  const name = nodeName(index)
  const ip = (space: Space, command: string) => must(space, ['ip', ...command.split(' ')])
  // The other end, should the kernel still be busy with a node that crashed.
  await run(control, ['ip', 'link', 'del', name])
  // Entering the network alone: `netns` names a process that the control plane does not see.
  await must(undefined, [
    'nsenter',
    `--net=/proc/${control.pid}/ns/net`,
    ...`ip link add ${name} type veth peer name eth0 netns ${node.pid}`.split(' '),
  ])
  await ip(control, `link set ${name} master br0 up`)
  await ip(node, `addr add ${nodeAddress(index)}/24 dev eth0`)
  await ip(node, 'link set eth0 up')
  await ip(node, `route add default via ${controlAddress}`)
  for (let other = 1; other <= count; other++)
    if (other !== index) await ip(node, `route add ${podRange(other)} via ${nodeAddress(other)}`)
  await ip(control, `route replace ${podRange(index)} via ${nodeAddress(index)}`)
}

function commandOf(facts: OwnFacts, index: number): Readonly<Record<NodeProgram, readonly string[]>> {
  const { binaries, folder } = facts
  const disk = diskOf(facts, index)
  return {
    containerd: ['containerd', '--config', join(disk, 'containerd.toml')],
    // It gives up at once when containerd does not answer yet.
    kubelet: [
      'sh',
      '-c',
      `until [ -S ${socket} ]; do sleep 0.05; done; exec "$@"`,
      'kubelet',
      binaries.kubelet,
      `--kubeconfig=${join(folder, `${nodeName(index)}.kubeconfig`)}`,
      `--config=${join(disk, 'kubelet.yaml')}`,
      `--hostname-override=${nodeName(index)}`,
      `--node-ip=${nodeAddress(index)}`,
      `--cert-dir=${join(disk, 'kubelet-certificates')}`,
    ],
    'kube-proxy': [
      binaries['kube-proxy'],
      `--kubeconfig=${join(folder, 'proxy.kubeconfig')}`,
      '--proxy-mode=nftables',
      `--hostname-override=${nodeName(index)}`,
      '--cluster-cidr=10.244.0.0/16',
      '--conntrack-max-per-core=0',
      '--conntrack-tcp-timeout-established=0',
      '--conntrack-tcp-timeout-close-wait=0',
    ],
  }
}

const socket = '/run/containerd/containerd.sock'

function containerd(disk: string): string {
  return `version = 2
root = "${disk}/containerd"
state = "/run/containerd"
[grpc]
address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/pause:1"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "${disk}/certs"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "${disk}/cni"
`
}

function cni(disk: string, index: number): object {
  const ipam = {
    type: 'host-local',
    dataDir: join(disk, 'ipam'),
    ranges: [[{ subnet: podRange(index) }]],
    routes: [{ dst: '0.0.0.0/0' }],
  }
  const bridge = { type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: false, hairpinMode: true, ipam }
  return { cniVersion: '0.4.0', name: 'pods', plugins: [bridge] }
}

function kubelet(facts: OwnFacts, index: number): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${groupOf(facts, index)}`,
    failSwapOn: false,
    containerRuntimeEndpoint: `unix://${socket}`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(facts.folder, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    clusterDNS: [dnsAddress],
    clusterDomain: 'cluster.local',
    evictionHard: { 'memory.available': '50Mi' },
    imageGCHighThresholdPercent: 100,
    localStorageCapacityIsolation: false,
  }
}
