import { rmSync } from 'node:fs'
import { isKernelError } from './errors.ts'
import { mount, umount2 } from './libc.ts'

const MS_BIND = 4096
const MS_REC = 16384
const MNT_DETACH = 2

/**
 * Makes `source` also appear at the existing `target`, with the mounts below it.
 *
 * Equivalent to: `mount --rbind SOURCE TARGET`
 */
export function bindMount(source: string, target: string): void {
  mount({ source, target, flags: MS_BIND | MS_REC })
}

/**
 * Mounts an empty file system in memory at an existing directory; `options` as in tmpfs(5), such as `size=16m`.
 *
 * Equivalent to: `mount -t tmpfs -o OPTIONS tmpfs TARGET`
 */
export function mountTmpfs(target: string, options = 'mode=0755'): void {
  mount({ source: 'tmpfs', target, type: 'tmpfs', data: options })
}

/**
 * Takes away what is mounted at `target`, at the latest when its last user is gone; nothing mounted is no error.
 *
 * Equivalent to: `umount --lazy TARGET`
 */
export function unmount(target: string): void {
  try {
    umount2(target, MNT_DETACH)
  } catch (cause) {
    if (!isKernelError(cause, 'EINVAL', 'ENOENT')) throw cause
  }
}

/** Unmounts a file that a namespace is bound to and removes it; what is gone is no error. */
export function removeMountPoint(path: string): void {
  unmount(path)
  rmSync(path, { force: true })
}
