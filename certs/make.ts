import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { makeAuthority } from './authority.ts'
import { issue } from './issue.ts'
import type { CertificateAndKey } from './pem.ts'

/** What is to be made: an authority, a leaf of it, or a leaf of an authority that exists. */
export interface Order {
  /** `name` is what its certificate begins its name with; default `nsm webhook`. */
  readonly authority?: { readonly lifeMs: number; readonly name?: string }
  readonly leaf?: {
    readonly lifeMs: number
    /** DNS names and IP addresses. */
    readonly names: readonly string[]
    /** Who signs; default the authority of this order. */
    readonly by?: CertificateAndKey
  }
  /** Milliseconds since 1970; default now. */
  readonly now?: number
}

/** What was made. */
export interface Made {
  readonly authority?: CertificateAndKey
  readonly leaf?: CertificateAndKey
}

const day = 24 * 3_600_000

/** Makes what is ordered, in this process: that loads `node-forge` and keeps the event loop busy. Throws BAD_INPUT. */
export async function make({ authority, leaf, now = Date.now() }: Order): Promise<Made> {
  const made =
    authority === undefined
      ? undefined
      : // Two authorities of one name would make some verifiers try the wrong one.
        await makeAuthority(`${authority.name ?? 'nsm webhook'} ${randomBytes(4).toString('hex')}`, {
          days: authority.lifeMs / day,
          now,
        })
  const by = leaf?.by ?? made
  const issued =
    leaf === undefined || by === undefined
      ? undefined
      : await issue(by, {
          names: leaf.names.filter(name => isIP(name) === 0),
          ips: leaf.names.filter(name => isIP(name) !== 0),
          days: leaf.lifeMs / day,
          usage: 'server',
          now,
        })
  return {
    ...(made === undefined ? {} : { authority: made }),
    ...(issued === undefined ? {} : { leaf: issued }),
  }
}
