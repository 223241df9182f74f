import { readFile } from 'node:fs/promises'
import { followFiles } from '#runtime/follow-files.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'

/** How a manager and an issuer know each other over a network: by a token and by a name. */
export interface IssuerProof {
  /** DNS name in the issuer's certificate, whatever address it is reached at. */
  readonly serverName: string
  /** The token to show; read anew each time, since kubelet replaces it. */
  token(): Promise<string>
  /** PEM: whose certificate the issuer has to show; read anew each time. */
  authorities(): Promise<string>
  /** Calls back when the authorities may have changed, until the signal aborts; never fails. */
  follow(changed: () => void, signal: AbortSignal): Promise<void>
}

/** Where both are found. */
export interface ProofOptions {
  readonly serverName: string
  readonly tokenFile: string
  readonly authoritiesFile: string
  /** Asked while the file is not there: kubelet may take a minute and a half to make it. */
  readonly publishedAuthorities?: (() => Promise<string>) | undefined
  readonly log: Log
}

/** A proof from files that kubelet keeps up to date. Its functions throw MANAGER_UNAVAILABLE when one is missing. */
export function proofFromFiles(options: ProofOptions): IssuerProof {
  const { serverName, tokenFile, authoritiesFile, publishedAuthorities, log } = options
  return {
    serverName,
    token: async () => (await read(tokenFile, 'NSM_ISSUER_TOKEN_FILE')).trim(),
    async authorities() {
      try {
        return await read(authoritiesFile, 'NSM_ISSUER_CA_FILE')
      } catch (cause) {
        if (publishedAuthorities === undefined) throw cause
        const published = await publishedAuthorities()
        if (published.trim() !== '') return published
        throw new NsmError('MANAGER_UNAVAILABLE', 'the issuer has not published its authorities yet', {
          cause,
        })
      }
    },
    follow: (changed, signal) =>
      followFiles([authoritiesFile], changed, { signal, log }).catch((error: unknown) =>
        log.warn({ err: error }, 'cannot watch the authorities; they are read at each enrolment'),
      ),
  }
}

async function read(path: string, variable: string): Promise<string> {
  const content = await readFile(path, 'utf8').catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new NsmError('MANAGER_UNAVAILABLE', `${variable}: ${why}; it may come yet`, { cause })
  })
  if (content.trim() !== '') return content
  throw new NsmError('MANAGER_UNAVAILABLE', `${variable}: ${path} is empty; it may be filled yet`)
}
