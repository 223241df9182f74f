// Makes sure that the machine has a real Kubernetes for the tests. For the tier `apiserver`: etcd, kube-apiserver,
// kube-controller-manager and kubectl; with the argument `nodes`, for the tier `cluster`, also kube-scheduler, kubelet,
// kube-proxy, CoreDNS and the system's containerd. What is missing is built as ordinary Go modules (about eight minutes on two
// cores) or taken out of a Debian package, into ~/.cache/nsm-test; only `nodes` installs packages, as root on Debian.
// KUBEBUILDER_ASSETS (etcd, kube-apiserver, kubectl) and KUBE_BIN name folders of programs that are there already.
// Standard output: paths as JSON; or, with exit code 69, one sentence that says why it cannot be. `--have nodes` builds
// nothing and exits 0 when all is there.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { provideCoredns } from './coredns.ts'
import { buildGo, writeKubernetesModule } from './go-build.ts'
import { Impossible, say } from './impossible.ts'
import { onPath, provideSystemPackages } from './system-packages.ts'

const version = '1.34.4'
const cache = join(homedir(), '.cache', 'nsm-test')
const built = join(cache, `kube-${version}`)
const given = [process.env['KUBEBUILDER_ASSETS'] ?? '', process.env['KUBE_BIN'] ?? ''].filter(
  folder => folder !== '',
)
const controlPlane = ['kube-apiserver', 'kube-controller-manager', 'kubectl']
const ofNodes = ['kube-scheduler', 'kubelet', 'kube-proxy']

const wanted = process.argv.includes('nodes') ? [...controlPlane, ...ofNodes] : controlPlane
try {
  if (process.argv.includes('--have')) requireBuilt()
  else provide()
} catch (error) {
  if (!(error instanceof Impossible)) throw error
  process.stdout.write(`${error.message}\n`)
  process.exitCode = 69
}

function requireBuilt(): void {
  const missing = wanted.filter(name => found(name) === undefined)
  if (missing.length > 0)
    throw new Impossible(`${missing.join(', ')} ${version} not built yet; run: npm run test:cluster`)
}

function provide(): void {
  const withNodes = wanted.includes('kubelet')
  if (withNodes) provideSystemPackages()
  const etcd = provideEtcd()
  buildKubernetes()
  const coredns = withNodes ? { coredns: provideCoredns(cache), busybox: onPath('busybox') } : {}
  const paths = Object.fromEntries(wanted.map(name => [name, found(name)]))
  process.stdout.write(`${JSON.stringify({ version, etcd, ...paths, ...coredns })}\n`)
}

function found(name: string): string | undefined {
  return [...given, built].map(folder => join(folder, name)).find(existsSync)
}

function provideEtcd(): string {
  const own = join(cache, 'etcd', 'usr', 'bin', 'etcd')
  const there = found('etcd') ?? onPath('etcd') ?? (existsSync(own) ? own : undefined)
  if (there !== undefined) return there
  if (onPath('apt-get') === undefined)
    throw new Impossible('etcd is not installed; install it so that `etcd --version` works')
  say('fetching etcd from the Debian package etcd-server')
  mkdirSync(cache, { recursive: true })
  const download = mkdtempSync(join(cache, 'download-'))
  try {
    const fetch = () => succeeds('apt-get', ['download', '-qq', 'etcd-server'], download)
    // Only root may update the lists of packages; others try with those that are there.
    const isFetched = fetch() || (succeeds('apt-get', ['update', '-qq'], download) && fetch())
    if (!isFetched)
      throw new Impossible(
        'etcd is not installed and apt-get cannot fetch it; run: apt-get install etcd-server',
      )
    const [name = ''] = execFileSync('ls', [download], { encoding: 'utf8' }).split('\n')
    execFileSync('dpkg-deb', ['-x', join(download, name), join(cache, 'etcd')])
  } finally {
    rmSync(download, { recursive: true, force: true })
  }
  return own
}

function buildKubernetes(): void {
  const missing = wanted.filter(name => found(name) === undefined)
  if (missing.length === 0) return
  const source = join(built, 'src')
  say(`fetching the source of Kubernetes ${version}`)
  writeKubernetesModule(source, version)
  for (const name of missing) {
    say(`building ${name} ${version}`)
    buildGo({ source, target: `k8s.io/kubernetes/cmd/${name}`, flags: linkFlags(), into: join(built, name) })
  }
}

/** The version is linked in: kubectl compares it, and the API server chooses its features by it. */
function linkFlags(): string {
  const [major, minor] = version.split('.')
  const at = 'k8s.io/component-base/version'
  return `-s -w -X ${at}.gitVersion=v${version} -X ${at}.gitMajor=${major} -X ${at}.gitMinor=${minor}`
}

function succeeds(command: string, args: readonly string[], cwd: string): boolean {
  return spawnSync(command, args, { cwd, stdio: 'ignore' }).status === 0
}
