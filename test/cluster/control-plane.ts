import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { controlAddress, type OwnFacts } from './facts.ts'
import { type Daemon, run, type Space, startDaemon, startSpace } from './space.ts'

/** A program of the control plane. */
export type ControlProgram = 'etcd' | 'apiserver' | 'controller-manager' | 'scheduler'

const network = [
  'hostname control',
  'ip link set lo up',
  'ip link add br0 type bridge',
  `ip addr add ${controlAddress}/24 dev br0`,
  'ip link set br0 up',
  'echo 1 >/proc/sys/net/ipv4/ip_forward',
].join('\n')

/** Makes the network of the cluster, in which nodes are plugged. */
export function startControlSpace(machine: Space, folder: string): Promise<Space> {
  return startSpace({ machine, script: network, log: join(folder, 'control.log') })
}

/** Starts one program. */
export async function startControl(facts: OwnFacts, name: ControlProgram): Promise<void> {
  await startDaemon(controlDaemon(facts, name), commands(facts)[name])
}

/** As what it can be stopped. */
export function controlDaemon({ folder, controlPid }: OwnFacts, name: ControlProgram): Daemon {
  return { space: { pid: controlPid }, folder, name }
}

/** Resolves when the API server says that it is ready. */
export async function untilApiReady(facts: OwnFacts): Promise<void> {
  const deadline = AbortSignal.timeout(120_000)
  const ask = [
    facts.binaries.kubectl,
    '--kubeconfig',
    join(facts.folder, 'admin.kubeconfig'),
    'get',
    '--raw',
    '/readyz',
  ]
  for (;;) {
    const { code, stderr } = await run({ pid: facts.controlPid }, ask)
    if (code === 0) return
    if (deadline.aborted) throw new Error(`the API server does not start (${facts.folder}): ${stderr}`)
    await sleep(200)
  }
}

function commands({ folder, binaries }: OwnFacts): Readonly<Record<ControlProgram, readonly string[]>> {
  const at = (name: string) => join(folder, name)
  const as = (name: string) =>
    ['', 'authentication-', 'authorization-'].map(kind => `--${kind}kubeconfig=${at(`${name}.kubeconfig`)}`)
  return {
    etcd: [binaries.etcd, `--data-dir=${at('etcd')}`, '--unsafe-no-fsync'],
    apiserver: [
      binaries['kube-apiserver'],
      '--etcd-servers=http://127.0.0.1:2379',
      '--bind-address=0.0.0.0',
      `--advertise-address=${controlAddress}`,
      `--tls-cert-file=${at('server.crt')}`,
      `--tls-private-key-file=${at('server.key')}`,
      `--client-ca-file=${at('ca.crt')}`,
      `--token-auth-file=${at('tokens.csv')}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      `--kubelet-client-certificate=${at('kubelet-client.crt')}`,
      `--kubelet-client-key=${at('kubelet-client.key')}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${at('service-accounts.key')}`,
      `--service-account-signing-key-file=${at('service-accounts.key')}`,
      '--allow-privileged=true',
      // It reaches webhooks in pods without a kube-proxy of its own.
      '--enable-aggregator-routing=true',
    ],
    'controller-manager': [
      binaries['kube-controller-manager'],
      ...as('controller-manager'),
      `--service-account-private-key-file=${at('service-accounts.key')}`,
      `--root-ca-file=${at('ca.crt')}`,
      '--use-service-account-credentials',
      '--leader-elect=false',
      // Nodes come and go quicker here than in a data centre.
      '--node-monitor-grace-period=20s',
    ],
    scheduler: [binaries['kube-scheduler'], ...as('scheduler'), '--leader-elect=false'],
  }
}
