import { basename, dirname, join } from 'node:path'

/** The programs that the local mesh runs, by the name of their folder. */
export type ProgramName =
  | 'capture'
  | 'forwarder'
  | 'init-client'
  | 'local'
  | 'manager'
  | 'registry'
  | 'sidecar-nsc'
  | 'sidecar-nse'
  | 'webhook'

/** The file to run a program by: bundled programs run bundles, programs run from source run sources. */
export function programPath(name: ProgramName): string {
  const folder = import.meta.dirname
  return basename(folder) === 'local' ? join(dirname(folder), name, 'main.ts') : join(folder, `${name}.js`)
}
