import { readConfig } from '#runtime/config.ts'
import { type Log, silent } from '#sdk/log.ts'
import { config } from './config.ts'
import { run } from './run.ts'

/** A plugin that runs; disposing stops it. */
export interface Running extends AsyncDisposable {
  /** Settles as the program ends. */
  readonly ended: Promise<void>
}

/** Runs the program in this process. */
export function runPlugin(
  { kubeletDir, baseDir }: { readonly kubeletDir: string; readonly baseDir: string },
  env: Readonly<Record<string, string>> = {},
  log: Log = silent,
): Running {
  const stop = new AbortController()
  const settings = readConfig(config, {
    NSM_KUBELET_PLUGINS: kubeletDir,
    NSM_BASEDIR: baseDir,
    NSM_DEVICES: '8',
    ...env,
  })
  const ended = run(settings, stop.signal, log)
  return {
    ended,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ended.catch(() => undefined)
    },
  }
}
