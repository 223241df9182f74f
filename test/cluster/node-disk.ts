import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { controlAddress, dnsAddress, type OwnFacts, podRange, registryPort } from './facts.ts'

/** Where containerd listens on each node. */
export const socket = '/run/containerd/containerd.sock'

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

/** Folder that is the disk of a node. */
export function diskOf({ folder }: OwnFacts, index: number): string {
  return join(folder, nodeName(index))
}

/** Name of the control group of a node, under which kubelet makes those of its pods. */
export function groupOf({ folder }: OwnFacts, index: number): string {
  return `${basename(folder)}-${nodeName(index)}`
}

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
