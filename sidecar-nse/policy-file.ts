import { readFile } from 'node:fs/promises'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { PolicyRoute } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'

/**
 * Reads policy routes from a file, and again at each call, because a mounted ConfigMap changes in place; no file is no
 * policies. Fails with BAD_CONFIG when the file cannot be used at the start; later that is logged once for each text,
 * and what was read before stays.
 */
export async function policyFile(path: string, log: Log): Promise<() => Promise<readonly PolicyRoute[]>> {
  let last = await textOf(path)
  let policies = await parsed(last, path)

  return async () => {
    try {
      const text = await textOf(path)
      if (text === last) return policies
      last = text
      policies = await parsed(text, path)
      log.info({ path, policies: policies.length }, `read ${policies.length} policy routes from ${path}`)
    } catch (thrown) {
      log.warn({ path }, `${NsmError.from(thrown).message}; the former policy routes stay`)
    }
    return policies
  }
}

async function parsed(text: string, path: string): Promise<readonly PolicyRoute[]> {
  if (text === '') return []
  try {
    // Only who has policies pays for reading YAML.
    const { parsePolicies } = await import('./parse-policies.ts')
    return parsePolicies(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new NsmError('BAD_CONFIG', `reading policy routes from ${path} (NSM_PBR_CONFIG_PATH): ${why}`, {
      cause,
    })
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return ''
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new NsmError('BAD_CONFIG', `reading policy routes (NSM_PBR_CONFIG_PATH): ${why}`, { cause })
  }
}
