// Makes sure that the machine has a real Kubernetes control plane for the test tier `apiserver`: etcd, kube-apiserver,
// kube-controller-manager and kubectl. What is missing is built as ordinary Go modules (about seven minutes on two cores)
// or taken out of a Debian package, into ~/.cache/nsm-test; the system itself stays as it is.
// Standard output: their paths as JSON; or, with exit code 69, one sentence that says why it cannot be.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

const version = '1.34.4'
const cache = join(homedir(), '.cache', 'nsm-test')
const folder = join(cache, `kube-${version}`)
const commands = ['kube-apiserver', 'kube-controller-manager', 'kubectl']

/** Why the machine cannot have it, and what its user can do. */
class Impossible extends Error {}

try {
  const etcd = provideEtcd()
  buildKubernetes()
  const built = Object.fromEntries(commands.map(name => [name, join(folder, name)]))
  process.stdout.write(`${JSON.stringify({ version, etcd, ...built })}\n`)
} catch (error) {
  if (!(error instanceof Impossible)) throw error
  process.stdout.write(`${error.message}\n`)
  process.exitCode = 69
}

function provideEtcd(): string {
  const own = join(cache, 'etcd', 'usr', 'bin', 'etcd')
  const found = onPath('etcd') ?? (existsSync(own) ? own : undefined)
  if (found !== undefined) return found
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
  const missing = commands.filter(name => !existsSync(join(folder, name)))
  if (missing.length === 0) return
  const go = onPath('go')
  if (go === undefined)
    throw new Impossible(
      `kube-apiserver ${version} is not in ${folder} and there is no Go to build it; install Go 1.24 or newer (https://go.dev/dl) and run: node scripts/kubernetes.ts`,
    )
  const source = join(folder, 'src')
  mkdirSync(source, { recursive: true })
  say(`fetching the source of Kubernetes ${version}`)
  writeFileSync(join(source, 'go.mod'), moduleFile(go))
  for (const name of missing) {
    say(`building ${name} ${version}`)
    const partial = join(folder, `${name}.partial`)
    runGo(go, [
      'build',
      '-mod=mod',
      '-trimpath',
      '-ldflags',
      linkFlags(),
      '-o',
      partial,
      `k8s.io/kubernetes/cmd/${name}`,
    ])
    renameSync(partial, join(folder, name))
  }
}

/** A module that needs nothing but Kubernetes, whose staging modules are taken from their own releases. */
function moduleFile(go: string): string {
  const answer: unknown = JSON.parse(runGo(go, ['mod', 'download', '-json', `k8s.io/kubernetes@v${version}`]))
  const path = typeof answer === 'object' && answer !== null && 'GoMod' in answer ? String(answer.GoMod) : ''
  const staging = readFileSync(path, 'utf8').matchAll(/^\s*(k8s\.io\/[a-z0-9-]+) => \.\/staging/gm)
  const replacements = [...staging].map(
    ([, name = '']) => `replace ${name} => ${name} v0.${version.slice(2)}`,
  )
  return [
    'module nsm.test/kubernetes',
    'go 1.24.0',
    `require k8s.io/kubernetes v${version}`,
    ...new Set(replacements),
    '',
  ].join('\n')
}

/** The version is linked in: kubectl compares it, and the API server chooses its features by it. */
function linkFlags(): string {
  const [major, minor] = version.split('.')
  const at = 'k8s.io/component-base/version'
  return `-s -w -X ${at}.gitVersion=v${version} -X ${at}.gitMajor=${major} -X ${at}.gitMinor=${minor}`
}

function runGo(go: string, args: readonly string[]): string {
  const cwd = join(folder, 'src')
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-modcacherw' }
  const done = spawnSync(go, args, { cwd, env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (done.status === 0) return done.stdout
  const why = `${done.stderr}${done.stdout}`.trim().split('\n').slice(-3).join(' ')
  throw new Impossible(
    `go ${args[0] ?? ''} of Kubernetes ${version} failed (it needs a network, the first time): ${why}`,
  )
}

function succeeds(command: string, args: readonly string[], cwd: string): boolean {
  return spawnSync(command, args, { cwd, stdio: 'ignore' }).status === 0
}

function onPath(command: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/go/bin', '/usr/sbin', '/sbin']
  return folders.map(path => join(path, command)).find(existsSync)
}

function say(text: string): void {
  process.stderr.write(`nsm: ${text} ...\n`)
}
