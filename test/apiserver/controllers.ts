import { join } from 'node:path'
import type { Cluster } from './cluster.ts'
import { type Program, startProgram } from './process.ts'

/** Starts kube-controller-manager as an administrator; from then on workloads make pods. It ends with the result. */
export function startControllers({ folder, binaries }: Cluster): Program {
  const kubeconfig = join(folder, 'admin.kubeconfig')
  return startProgram(folder, binaries['kube-controller-manager'], [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${join(folder, 'service-accounts.key')}`,
    `--root-ca-file=${join(folder, 'ca.crt')}`,
    '--leader-elect=false',
    '--secure-port=0',
    // What has nothing to do here would ask all the same.
    '--controllers=deployment,replicaset,statefulset,daemonset,job,cronjob,garbagecollector,namespace',
  ])
}
