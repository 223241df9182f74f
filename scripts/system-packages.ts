import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Impossible, say } from './impossible.ts'

/** A file that shows that a package of Debian is there: a command, or a path. */
const needed = [
  { file: 'containerd', name: 'containerd' },
  { file: 'runc', name: 'runc' },
  { file: '/usr/lib/cni/bridge', name: 'containernetworking-plugins' },
  { file: 'ip', name: 'iproute2' },
  { file: 'nft', name: 'nftables' },
  { file: 'conntrack', name: 'conntrack' },
  { file: 'busybox', name: 'busybox-static' },
] as const

/** Path of a command, looked for where root finds it too. */
export function onPath(command: string): string | undefined {
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/local/go/bin',
    '/usr/bin',
    '/usr/sbin',
    '/bin',
    '/sbin',
  ]
  return folders.map(path => join(path, command)).find(existsSync)
}

/** Installs what nodes need besides Kubernetes. Throws Impossible when they cannot be installed, or nodes cannot run. */
export function provideSystemPackages(): void {
  if (process.getuid?.() !== 0)
    throw new Impossible('nodes need root: kubelet and containerd mount and make network namespaces')
  const missing = needed.filter(({ file }) =>
    file.startsWith('/') ? !existsSync(file) : onPath(file) === undefined,
  )
  if (missing.length === 0) return
  const names = missing.map(({ name }) => name)
  const wish = `install the packages ${names.join(' ')}`
  if (!isDebian()) throw new Impossible(`nodes need more programs: ${wish} (names of Debian)`)
  say(`installing ${names.join(' ')}`)
  const install = () => apt('install', '-y', '-qq', '--no-install-recommends', ...names)
  if (!install() && !(apt('update', '-qq') && install()))
    throw new Impossible(`apt-get cannot install what nodes need; ${wish}`)
}

/** Whether apt-get is there with the names of Debian. */
export function isDebian(): boolean {
  return (
    existsSync('/etc/os-release') &&
    /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'))
  )
}

function apt(...args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0
}
