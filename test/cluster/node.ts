import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { controlAddress, nodeAddress, type OwnFacts, podRange } from './facts.ts'
import { removeControlGroups } from './folder.ts'
import { diskOf, groupOf, type NodePlace, nodeName, socket } from './node-disk.ts'
import { type Daemon, endSpace, must, run, type Space, startDaemon, startSpace, stopDaemon } from './space.ts'

/** A program of a node. */
export type NodeProgram = 'containerd' | 'kubelet' | 'kube-proxy'

const programs: readonly NodeProgram[] = ['containerd', 'kubelet', 'kube-proxy']

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
    kubelet: [
      'sh',
      '-c',
      kept,
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

/** It gives up when containerd does not answer yet, or when something else is in disorder; a host starts it again then. */
const kept = [
  `trap 'kill "$!"; wait; exit' TERM`,
  `while :; do until [ -S ${socket} ]; do sleep 0.05; done; "$@" & wait "$!"; sleep 1; done`,
].join('\n')
