import { readdirSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A temporary folder that vanishes with its owner. */
export interface Folder extends AsyncDisposable {
  readonly path: string
}

const prefix = 'nsm-apiserver-'

/**
 * Makes one. It bears the number of this process, so that it goes when the process is interrupted, and the next run
 * takes away what one that was killed could not.
 */
export async function temporaryFolder(): Promise<Folder> {
  sweep()
  const path = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`))
  const remove = () => rmSync(path, options)
  process.once('exit', remove)
  return {
    path,
    async [Symbol.asyncDispose]() {
      process.off('exit', remove)
      await rm(path, options)
    },
  }
}

const options = { recursive: true, force: true, maxRetries: 5 } as const

function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const [, pid] = new RegExp(`^${prefix}(\\d+)-`).exec(name) ?? []
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(tmpdir(), name), options)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
