/** Paths of the programs, as `scripts/kubernetes.ts nodes` prints them. */
export interface Binaries {
  readonly etcd: string
  readonly 'kube-apiserver': string
  readonly 'kube-controller-manager': string
  readonly 'kube-scheduler': string
  readonly 'kube-proxy': string
  readonly kubelet: string
  readonly kubectl: string
  readonly coredns: string
  readonly busybox: string
}

/** What a test must know of a cluster; plain data, since it goes from one process to another. */
export interface ClusterFacts {
  /** Of an administrator; works on this machine's loopback. */
  readonly kubeconfig: string
  /** Path of the program. */
  readonly kubectlPath: string
  readonly nodes: readonly string[]
  /** Absent on a cluster that the tests did not make. */
  readonly own?: OwnFacts
}

/** What is known of a cluster that the tests have made. */
export interface OwnFacts {
  /** Temporary: logs, and a folder per node with its disk. */
  readonly folder: string
  /** Of the first process of all. */
  readonly machinePid: number
  /** Of the first process of the control plane. */
  readonly controlPid: number
  readonly binaries: Binaries
}

/** What is known of a cluster that the tests have made. Throws for any other. */
export function ownOf({ own, kubeconfig }: ClusterFacts): OwnFacts {
  if (own === undefined) throw new Error(`the nodes of ${kubeconfig} are not for tests to touch`)
  return own
}

/** Address of the control plane in the cluster's network. */
export const controlAddress = '172.20.0.1'
/** Address of the cluster's DNS. */
export const dnsAddress = '10.96.0.10'
/** Address of a node, counted from 1. */
export const nodeAddress = (index: number): string => `172.20.0.${10 + index}`
/** Pods of a node, counted from 1. */
export const podRange = (index: number): string => `10.244.${index}.0/24`
/** Port of the registry at the address of the control plane. */
export const registryPort = 5000
