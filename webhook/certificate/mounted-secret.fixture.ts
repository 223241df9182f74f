import { rename, symlink } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Shows another version of a mounted Secret as kubelet does: files are links through `..data`, which is swapped in one
 * rename. The version is a folder inside `folder`.
 */
export async function swapSecret(folder: string, version: string): Promise<void> {
  await symlink(version, join(folder, '..tmp'))
  await rename(join(folder, '..tmp'), join(folder, '..data'))
  for (const file of ['tls.crt', 'tls.key'])
    await symlink(join('..data', file), join(folder, file)).catch(ignoreExisting)
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
