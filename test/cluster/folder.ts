import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

/** A temporary folder that vanishes with its owner, and with it the control groups that bear its name. */
export interface Folder extends AsyncDisposable {
  readonly path: string
}

const prefix = 'nsm-cluster-'
const options = { recursive: true, force: true, maxRetries: 5 } as const

/** Makes one that bears the number of this process; takes away what a run that was killed has left. */
export async function temporaryFolder(): Promise<Folder> {
  sweep()
  const path = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`))
  return {
    path,
    async [Symbol.asyncDispose]() {
      removeControlGroups(basename(path))
      await rm(path, options)
    },
  }
}

/** Removes the control groups of the roots whose names begin so, as far as nothing runs in them. */
export function removeControlGroups(start: string): void {
  for (const root of controlGroupRoots())
    for (const name of readdirSync(root)) if (name.startsWith(start)) removeTree(join(root, name))
}

/** `/sys/fs/cgroup` itself, or its hierarchies of version 1. */
export function controlGroupRoots(): readonly string[] {
  const at = '/sys/fs/cgroup'
  if (existsSync(join(at, 'cgroup.controllers'))) return [at]
  return readdirSync(at).map(name => join(at, name))
}

function removeTree(path: string): void {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (entry.isDirectory()) removeTree(join(path, entry.name))
    rmdirSync(path)
  } catch {
    // Gone meanwhile, or busy: the next run tries again.
  }
}

function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const [, pid] = new RegExp(`^${prefix}(\\d+)-`).exec(name) ?? []
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue
    removeControlGroups(name)
    rmSync(join(tmpdir(), name), options)
  }
}
