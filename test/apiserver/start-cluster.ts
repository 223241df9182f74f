import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeAuthority } from '#certs/authority.ts'
import { issue } from '#certs/issue.ts'
import { temporaryFolder } from './folder.ts'
import { freePorts } from './ports.ts'
import { type Program, startProgram } from './process.ts'

/** What a test must know of the cluster; plain data, since it goes from one process to another. */
export interface ClusterFacts {
  /** `https://127.0.0.1:port`. */
  readonly server: string
  readonly ca: string
  /** Of a member of system:masters. */
  readonly adminToken: string
  /** `http://127.0.0.1:port`. */
  readonly etcd: string
  /** Temporary: `admin.kubeconfig`, `service-accounts.key`, `ca.crt`, logs. */
  readonly folder: string
  readonly binaries: Binaries
}

/** Paths of the programs, as scripts/kubernetes.ts prints them. */
export interface Binaries {
  readonly etcd: string
  readonly 'kube-apiserver': string
  readonly 'kube-controller-manager': string
  readonly kubectl: string
}

/** A running etcd and kube-apiserver on the loopback. */
export interface RunningCluster extends AsyncDisposable {
  readonly facts: ClusterFacts
}

/** Starts them, in about four seconds; all of it ends and vanishes with the result. */
export async function startCluster(): Promise<RunningCluster> {
  await using made = new AsyncDisposableStack()
  const binaries = provideBinaries()
  const { path: folder } = made.use(await temporaryFolder())
  const [etcdPort = 0, peerPort = 0, port = 0] = await freePorts(3)
  const facts: ClusterFacts = {
    server: `https://127.0.0.1:${port}`,
    etcd: `http://127.0.0.1:${etcdPort}`,
    adminToken: randomBytes(16).toString('hex'),
    ca: await writeCertificates(folder),
    folder,
    binaries,
  }
  await writeFile(join(folder, 'tokens.csv'), `${facts.adminToken},admin,1,"system:masters"\n`, {
    mode: 0o600,
  })
  await writeFile(join(folder, 'admin.kubeconfig'), kubeconfigOf(facts), { mode: 0o600 })
  const etcd = made.use(startProgram(folder, binaries.etcd, etcdFlags(facts, `http://127.0.0.1:${peerPort}`)))
  const server = made.use(startProgram(folder, binaries['kube-apiserver'], serverFlags(facts)))
  await untilReady(facts, [etcd, server])
  const kept = made.move()
  return { facts, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

function provideBinaries(): Binaries {
  const done = spawnSync(process.execPath, ['scripts/kubernetes.ts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  if (done.status !== 0) throw new Error(done.stdout.trim())
  return JSON.parse(done.stdout) as Binaries
}

async function writeCertificates(folder: string): Promise<string> {
  const authority = await makeAuthority('nsm test cluster')
  const server = await issue(authority, {
    names: ['kubernetes', 'kubernetes.default.svc', 'localhost'],
    ips: ['127.0.0.1', '10.96.0.1'],
  })
  const files = {
    'ca.crt': authority.certificate,
    'server.crt': server.certificate,
    'server.key': server.key,
    'service-accounts.key': (await issue(authority, { names: ['service-accounts'] })).key,
  }
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), content, { mode: 0o600 })
  return authority.certificate
}

function etcdFlags({ folder, etcd }: ClusterFacts, peer: string): readonly string[] {
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${etcd}`,
    `--advertise-client-urls=${etcd}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ]
}

function serverFlags({ folder, etcd, server }: ClusterFacts): readonly string[] {
  const at = (name: string) => join(folder, name)
  return [
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${new URL(server).port}`,
    // A loopback address may not be advertised; nothing is sent to this one.
    '--advertise-address=192.0.2.1',
    '--endpoint-reconciler-type=none',
    `--tls-cert-file=${at('server.crt')}`,
    `--tls-private-key-file=${at('server.key')}`,
    `--client-ca-file=${at('ca.crt')}`,
    `--token-auth-file=${at('tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${at('service-accounts.key')}`,
    `--service-account-signing-key-file=${at('service-accounts.key')}`,
    '--allow-privileged=true',
    // Pods need no service account, so none needs a controller to make it, and none gets a token volume.
    '--disable-admission-plugins=ServiceAccount',
    // Watches of LimitRanges go straight to etcd, so that a test can make the server forget their past.
    '--watch-cache-sizes=limitranges#0',
  ]
}

function kubeconfigOf({ server, adminToken, folder }: ClusterFacts): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': join(folder, 'ca.crt') } }],
    users: [{ name: 'admin', user: { token: adminToken } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  })
}

async function untilReady(facts: ClusterFacts, programs: readonly Program[]): Promise<void> {
  const deadline = AbortSignal.timeout(60_000)
  while (!(await isReady(facts))) {
    const ended = programs.find(program => program.hasEnded())
    if (ended !== undefined || deadline.aborted)
      throw new Error(`the cluster does not start:\n${programs.map(program => program.log()).join('\n')}`)
    await sleep(100)
  }
}

async function isReady({ server, ca, adminToken }: ClusterFacts): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  request(
    `${server}/readyz`,
    { ca, agent: false, headers: { authorization: `Bearer ${adminToken}` } },
    answer => {
      answer.resume()
      resolve(answer.statusCode === 200)
    },
  )
    .on('error', () => resolve(false))
    .end()
  return promise
}
