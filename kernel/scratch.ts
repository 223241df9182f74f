/** What tests of the real kernel need: places and namespaces that vanish with the test. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new folder in the temporary directory, removed with what is in it on disposal. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'nsm-kernel-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** A procfs whose sysctls can be written: of a container that is not `/proc`, and NSM_PROC tells, as it does a forwarder. */
export const writableProc = process.env['NSM_PROC'] ?? '/proc'
