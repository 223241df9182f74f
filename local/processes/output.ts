import { Changes } from './changes.ts'

/** How output is read. */
export interface ReadOptions {
  /** Last lines only; 0 is all that is kept. */
  readonly tail: number
  readonly until: 'now' | 'closed'
}

/** The latest output of a process and its predecessors, bounded in memory. */
export class Output {
  readonly #limit: number
  readonly #changes = new Changes()
  #kept = Buffer.alloc(0)
  /** Bytes that were dropped at the front. */
  #dropped = 0
  #closed = false

  /** Keeps `limit` bytes, by default 256 KiB. */
  constructor(limit = 262_144) {
    this.#limit = limit
  }

  write(chunk: Buffer): void {
    const all = Buffer.concat([this.#kept, chunk])
    const excess = Math.max(0, all.length - this.#limit)
    this.#kept = all.subarray(excess)
    this.#dropped += excess
    this.#changes.touch()
  }

  /** Nothing more will be written; ends those that follow. */
  close(): void {
    this.#closed = true
    this.#changes.touch()
  }

  /** The last line that is not empty; empty when there is none. */
  lastLine(): string {
    return this.#kept.subarray(-8192).toString('utf8').trimEnd().split('\n').at(-1) ?? ''
  }

  /** The last lines as one text. */
  lastLines(count: number): string {
    return this.#kept.subarray(tailStart(this.#kept, count)).toString('utf8').trimEnd()
  }

  async *read({ tail, until }: ReadOptions, signal: AbortSignal): AsyncGenerator<Buffer> {
    let position = this.#dropped + (tail === 0 ? 0 : tailStart(this.#kept, tail))
    for (;;) {
      const version = this.#changes.version
      const chunk = this.#kept.subarray(Math.max(0, position - this.#dropped))
      position = this.#dropped + this.#kept.length
      if (chunk.length > 0) yield chunk
      if (this.#changes.version > version) continue
      if (until === 'now' || this.#closed) return
      await this.#changes.after(version, signal)
    }
  }
}

/** Where the last `count` lines begin. */
function tailStart(bytes: Buffer, count: number): number {
  let at = bytes.at(-1) === newline ? bytes.length - 1 : bytes.length
  for (let lines = 0; lines < count && at > 0; lines += 1) at = bytes.lastIndexOf(newline, at - 1)
  return at <= 0 ? 0 : at + 1
}

const newline = 10
