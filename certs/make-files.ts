import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NsmError } from '#sdk/errors.ts'
import type { Made, Order } from './make.ts'

/** Where they go. */
export interface FilesToMake {
  readonly certificate: string
  readonly key: string
}

const year = 365 * 24 * 3_600_000

/**
 * Makes a certificate authority and a certificate for DNS names and IP addresses, valid for a year, and writes
 * certificate, key and, beside the certificate, `ca.crt`. The authority's key is thrown away. Does nothing, and says
 * `unchanged`, when the certificate is there.
 */
export async function makeFiles(
  files: FilesToMake,
  names: readonly string[],
  make: (order: Order, signal: AbortSignal) => Promise<Made>,
): Promise<'created' | 'unchanged'> {
  if (existsSync(files.certificate)) return 'unchanged'
  const { authority, leaf } = await make(
    { authority: { lifeMs: year }, leaf: { lifeMs: year, names } },
    AbortSignal.timeout(60_000),
  )
  if (authority === undefined || leaf === undefined)
    throw new NsmError('INTERNAL', `certificate ${files.certificate}: none was made`)
  await write(join(dirname(files.certificate), 'ca.crt'), authority.certificate, 0o644)
  await write(files.key, leaf.key, 0o600)
  // Last, since who finds it takes all to be there.
  await write(files.certificate, leaf.certificate, 0o644)
  return 'created'
}

async function write(path: string, content: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content, { mode })
}
