import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NsmError } from '#sdk/errors.ts'
import type { KeyPairFiles } from './key-pair.ts'
import type { CertificateOptions } from './options.ts'

const year = 365 * 24 * 3_600_000

/**
 * Makes a certificate authority and a certificate for DNS names and IP addresses, valid for a year, and writes
 * certificate, key and `ca.crt`. Does nothing when the certificate is there. The authority's key is thrown away.
 */
export async function makeKeyPairFiles(
  files: KeyPairFiles,
  names: readonly string[],
  make: NonNullable<CertificateOptions['make']>,
): Promise<void> {
  if (existsSync(files.certificate)) return
  const { authority, leaf } = await make(
    { authority: { lifeMs: year }, leaf: { lifeMs: year, names } },
    AbortSignal.timeout(60_000),
  )
  if (authority === undefined || leaf === undefined)
    throw new NsmError('INTERNAL', `certificate ${files.certificate}: none was made`)
  await write(join(dirname(files.certificate), 'ca.crt'), authority.certificate, 0o644)
  await write(files.key, leaf.key, 0o600)
  await write(files.certificate, leaf.certificate, 0o644)
}

async function write(path: string, content: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content, { mode })
}
