/** How to reach an API server and be let in. */
export interface Access {
  /** Only https; a path is put before every call's. */
  readonly server: URL
  readonly tls: Trust
  /** `authorization`, as a rule. */
  readonly headers: Readonly<Record<string, string>>
}

/** TLS of the connection, PEM. */
export interface Trust {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** Name in the server's certificate, when it is not the host of the address. */
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

/** Reads the access anew, since tokens and certificates change on disk. */
export type AccessSource = () => Promise<Access>

/** How long one reading is used, in milliseconds. */
const lifetime = 60_000

/** A source that is asked at most once a minute; when it fails later on, the last reading goes on being used. */
export function cached(source: AccessSource): AccessSource {
  let last: Access | undefined
  let readAt = 0
  return async () => {
    if (last !== undefined && performance.now() - readAt < lifetime) return last
    readAt = performance.now()
    try {
      last = await source()
    } catch (error) {
      if (last === undefined) throw error
    }
    return last
  }
}
