import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { dirname, join } from 'node:path'
import type { KeyPairFiles } from './key-pair.ts'

/**
 * Makes a certificate authority and a certificate for DNS names and IP addresses, valid for a year, and writes
 * certificate, key and `ca.crt`. Does nothing when the certificate is there. The authority's key is thrown away.
 */
export async function makeKeyPairFiles(files: KeyPairFiles, names: readonly string[]): Promise<void> {
  if (existsSync(files.certificate)) return
  // Loaded only here: a webhook that is given its certificate does without the library.
  const [{ makeAuthority }, { issue }] = await Promise.all([
    import('#certs/authority.ts'),
    import('#certs/issue.ts'),
  ])
  const authority = await makeAuthority('nsm webhook')
  const leaf = await issue(authority, {
    names: names.filter(name => isIP(name) === 0),
    ips: names.filter(name => isIP(name) !== 0),
    usage: 'server',
  })
  await write(join(dirname(files.certificate), 'ca.crt'), authority.certificate, 0o644)
  await write(files.key, leaf.key, 0o600)
  await write(files.certificate, leaf.certificate, 0o644)
}

async function write(path: string, content: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content, { mode })
}
