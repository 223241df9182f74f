import type { Log } from '#sdk/log.ts'
import { type Server, serve } from '#sdk/rpc/serve.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { type Authorities, issuerService } from './issuer-service.ts'

/** Whom an issuer serves, and where. */
export interface IssuerOptions {
  /** A socket that only this node's manager can reach: it is what names the node. */
  readonly address: Address
  readonly node: string
  /** Asked at each enrolment. */
  readonly authorities: () => Authorities
  /** Life of a certificate in days; default 1. */
  readonly days?: number
  readonly log?: Log
}

/** Serves Issuer to the manager of one node until disposed. */
export async function serveIssuer({ address, node, authorities, ...rest }: IssuerOptions): Promise<Server> {
  return await serve({
    address,
    ...(rest.log === undefined ? {} : { log: rest.log }),
    peerOf: () => undefined,
    services: [
      issuerService<undefined>({ ...rest, nodeOf: async () => node, authorities: async () => authorities() }),
    ],
  })
}
