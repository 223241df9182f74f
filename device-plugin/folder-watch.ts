import { type FSWatcher, statSync, watch } from 'node:fs'
import { NsmError } from '#sdk/errors.ts'

/** Told of the name of a file that came, went or changed. */
export type FileListener = (name: string) => void

/**
 * Watches the files of a directory by inotify until disposed. When the directory itself is removed it is lost to this
 * process, which sees the old one through its mount; `lost` is then aborted with STORAGE.
 */
export class FolderWatch implements Disposable {
  readonly #path: string
  readonly #watcher: FSWatcher
  readonly #listeners = new Set<FileListener>()
  readonly #lost = new AbortController()

  /** Fails with BAD_CONFIG when there is no such directory. */
  constructor(path: string) {
    this.#path = path
    try {
      this.#watcher = watch(path, (_, name) => this.#event(name ?? ''))
    } catch (cause) {
      throw new NsmError(
        'BAD_CONFIG',
        `watching directory ${path}: ${NsmError.from(cause).message}; is it mounted into this container?`,
        { cause },
      )
    }
    this.#watcher.on('error', cause => this.#giveUp(cause))
  }

  /** Aborted when the directory is gone. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** Calls the listener for each event until the result is disposed of. */
  listen(listener: FileListener): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /** A signal that aborts when a file comes, goes or changes, or with the given one. */
  until(file: string, signal: AbortSignal): Disposable & { readonly signal: AbortSignal } {
    const controller = new AbortController()
    const stack = new DisposableStack()
    stack.use(
      this.listen(name => {
        if (name === file) controller.abort()
      }),
    )
    stack.use(onAbort(signal, () => controller.abort()))
    return { signal: controller.signal, [Symbol.dispose]: () => stack.dispose() }
  }

  [Symbol.dispose](): void {
    this.#listeners.clear()
    this.#watcher.close()
  }

  #event(name: string): void {
    const stat = statSync(this.#path, { throwIfNoEntry: false })
    if (stat === undefined || stat.nlink === 0) return this.#giveUp(undefined)
    for (const listener of this.#listeners) listener(name)
  }

  #giveUp(cause: unknown): void {
    this.#lost.abort(
      new NsmError('STORAGE', `directory ${this.#path} was removed; starting again finds the new one`, {
        cause,
      }),
    )
  }
}

/** Acts once when the signal aborts, at once if it has, until the result is disposed of. */
export function onAbort(signal: AbortSignal, act: () => void): Disposable {
  signal.addEventListener('abort', act, { once: true })
  if (signal.aborted) act()
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', act) }
}
