import { execFileSync, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { entrypointOf, type Image } from '#scripts/images.ts'
import { stagesOf } from './dockerfile.ts'

/** What images are made of: Node and its libraries, and the folder in which the Dockerfile assembles the rest. */
export class ImageBase implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'nsm-images-'))
  readonly #files: readonly string[]

  constructor() {
    const node = realpathSync(process.execPath)
    const said = execFileSync('ldd', [node], { encoding: 'utf8' })
    const libraries = [...said.matchAll(/(?<=\s)\/\S+/g)].map(([path]) => path)
    this.#files = ['/usr/bin/node', ...libraries]
    for (const file of this.#files) {
      const to = join(this.#folder, 'base', file)
      mkdirSync(dirname(to), { recursive: true })
      copyFileSync(file === '/usr/bin/node' ? node : realpathSync(file), to)
    }
    this.#fill(join(this.#folder, 'source'))
  }

  /** The whole file system of an image. */
  root(image: Image): string {
    const root = join(this.#folder, image.program)
    for (const file of this.#files) {
      mkdirSync(dirname(join(root, file)), { recursive: true })
      linkSync(join(this.#folder, 'base', file), join(root, file))
    }
    const cwd = join(this.#folder, 'source')
    execFileSync(process.execPath, ['scripts/assemble.ts', image.program, root], { cwd })
    return root
  }

  /** As the stage `files` copies it out of the project, so that what it forgets is missed. */
  #fill(source: string): void {
    mkdirSync(source)
    for (const name of ['dist', 'node_modules']) symlinkSync(resolve(name), join(source, name))
    const files = stagesOf('Dockerfile').find(({ name }) => name === 'files')
    for (const { verb, text } of files?.says ?? []) {
      if (verb !== 'COPY' || text.startsWith('--from')) continue
      const words = text.split(/\s+/)
      const to = words.at(-1) ?? ''
      for (const from of words.slice(0, -1))
        cpSync(from, join(source, to.endsWith('/') ? join(to, basename(from)) : to), { recursive: true })
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }
}

/** How a process ended and what it said. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs an image's entry point with its root made read-only, as its user; a test that is not run by root runs
 * it as root of a user namespace.
 */
export function runImage(image: Image, root: string, args: readonly string[]): Ended {
  const isRoot = process.getuid?.() === 0
  const namespaces = isRoot ? ['--mount'] : ['--user', '--map-root-user', '--mount']
  const user = isRoot ? [`--userspec=${image.user}:${image.user}`] : []
  const enter =
    'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && cd "$1" && shift && exec chroot "$@"'
  const done = spawnSync(
    'unshare',
    [...namespaces, 'sh', '-c', enter, 'sh', root, ...user, '.', ...entrypointOf(image), ...args],
    { encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...image.env } },
  )
  return { code: done.status, stdout: done.stdout, stderr: done.stderr }
}
