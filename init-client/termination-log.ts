import { existsSync, writeFileSync } from 'node:fs'

/** Kubernetes reads this many bytes of the file. */
const limit = 4096

/** Replaces the content of the termination log; without such a file nothing happens. */
export function writeTerminationLog(path: string, message: string): void {
  if (!existsSync(path)) return
  try {
    writeFileSync(path, Buffer.from(message).subarray(0, limit))
  } catch {
    // Not being able to leave a message is no reason to fail: the same sentence is in the log.
  }
}
