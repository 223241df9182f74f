import { writeSync } from 'node:fs'
import { NsmError } from '#sdk/errors.ts'

/**
 * Writes a whole text to a file descriptor before it returns. A pipe may take less than it is given, or nothing for the
 * moment, when a program at the other end reads slowly. Throws CANCELLED when nobody reads any more, else what the
 * system says.
 */
export function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text)
  let done = 0
  while (done < bytes.length) {
    try {
      done += writeSync(descriptor, bytes, done)
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
      if (code === 'EPIPE') throw new NsmError('CANCELLED', 'nobody reads the output any more', { cause })
      if (code !== 'EAGAIN') throw cause
      Atomics.wait(pause, 0, 0, pauseMs)
    }
  }
}

const pauseMs = 2

const pause = new Int32Array(new SharedArrayBuffer(4))
