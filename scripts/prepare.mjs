// Runs before `npm run demo`, `npm test`, `npm run bench` and `npm run check`, under whatever Node is installed:
// makes a fresh clone ready, and says what it does. Plain JavaScript, because Node 24 comes with the dependencies.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const installed = join(root, 'node_modules', '.package-lock.json')
const bin = join(root, 'node_modules', '.bin')

/** Commands that the local mesh and its examples call, and the Debian packages that bring them. */
const commands = [
  { command: 'unshare', package: 'util-linux' },
  { command: 'ip', package: 'iproute2' },
  { command: 'ping', package: 'iputils-ping' },
  { command: 'curl', package: 'curl' },
]

installDependencies()
linkCommand()
requireCommands()
build()

function installDependencies() {
  const lock = join(root, 'package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return
  say('installing npm dependencies')
  // Not `npm ci`: it insists on the optional packages of every platform, which not every mirror has.
  run('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
}

/** `npx nsm` in a checkout: npm does not link a package's own commands. */
function linkCommand() {
  for (const [name, file] of Object.entries({
    nsm: 'nsm.mjs',
    'kubectl-nsm': 'kubectl-nsm.mjs',
    'kubectl_complete-nsm': 'kubectl_complete-nsm',
  })) {
    const link = join(bin, name)
    if (existsSync(link)) continue
    rmSync(link, { force: true })
    symlinkSync(`../../cli/${file}`, link)
  }
}

function requireCommands() {
  const missing = commands.filter(item => !onPath(item.command))
  if (missing.length === 0) return
  const packages = missing.map(item => item.package).join(' ')
  if (process.getuid?.() !== 0 || !debian()) {
    process.stderr.write(
      `nsm needs ${missing.map(item => item.command).join(', ')}: install the packages ${packages}\n`,
    )
    process.exit(69)
  }
  say(`installing system packages: ${packages}`)
  run('apt-get', ['update', '-qq'])
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages.split(' ')])
}

function build() {
  run(join(bin, 'node'), ['build.ts'])
}

function onPath(command) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some(folder => existsSync(join(folder, command)))
}

function debian() {
  return (
    existsSync('/etc/os-release') &&
    /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'))
  )
}

function run(command, args) {
  try {
    execFileSync(command, args, {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  } catch (error) {
    process.stderr.write(
      `nsm: ${command} ${args.join(' ')} failed: ${error instanceof Error ? error.message : String(error)}\n`,
    )
    process.exit(70)
  }
}

function say(text) {
  process.stderr.write(`nsm: ${text} ...\n`)
}
