import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { NsmError } from '#sdk/errors.ts'

const pattern = /^(nsm-[1-9][0-9]{0,6})-[0-9a-f]{12}$/

/**
 * Makes the directory of a new workspace for a device and returns its name. It is never one that was there: whoever got
 * the device before may still have his mounted. Fails with STORAGE.
 */
export function makeDirectory(baseDir: string, device: string): string {
  const workspace = `${device}-${randomBytes(6).toString('hex')}`
  const path = join(baseDir, workspace)
  try {
    mkdirSync(path, { mode: 0o700 })
    // A pod, whatever its uid, makes its own socket in there, and must not be able to move the manager's away.
    chmodSync(path, 0o1777)
    return workspace
  } catch (cause) {
    throw new NsmError(
      'STORAGE',
      `making workspace ${path} for device ${device}: ${NsmError.from(cause).message}; see to the disk of the node and to the directory ${baseDir}`,
      { cause },
    )
  }
}

/** Removes a directory that nobody has been told of. */
export function dropDirectory(baseDir: string, workspace: string): void {
  rmdirSync(join(baseDir, workspace))
}

/** The workspaces that there are directories of. */
export function listDirectories(baseDir: string): readonly string[] {
  return readdirSync(baseDir, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && pattern.test(entry.name))
    .map(({ name }) => name)
}

/** When the directory of a workspace was made, in milliseconds of the clock; undefined when it is gone. */
export function madeMs(baseDir: string, workspace: string): number | undefined {
  return statSync(join(baseDir, workspace), { throwIfNoEntry: false })?.birthtimeMs
}

/** The device that a workspace was made for; undefined when the name is not one of ours. */
export function deviceOf(workspace: string): string | undefined {
  return pattern.exec(workspace)?.[1]
}
