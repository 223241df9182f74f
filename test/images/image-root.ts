import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { assemble } from '#scripts/assemble.ts'
import { entrypointOf, type Image } from '#scripts/images.ts'

/** A folder with Node and its libraries, as the base of the images has them. */
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
  }

  /** The whole file system of an image. */
  root(image: Image): string {
    const root = join(this.#folder, image.program)
    for (const file of this.#files) {
      mkdirSync(dirname(join(root, file)), { recursive: true })
      linkSync(join(this.#folder, 'base', file), join(root, file))
    }
    assemble(image, root)
    return root
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
