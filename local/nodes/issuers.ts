import { makeAuthority } from '#certs/authority.ts'
import { serveIssuer } from '#certs/issuer.ts'
import type { Log } from '#sdk/log.ts'
import type { Address } from '#sdk/rpc/types.ts'

/** Certifies the managers of a mesh for each other. */
export interface Issuers extends AsyncDisposable {
  /** Serves the manager of one node: only it reaches the socket, and that is what names the node. */
  serve(node: string, address: Address): Promise<void>
}

/** Issuers of one authority, which is made for the first of them and lives as long as the mesh. */
export function issuersOf(log: Log): Issuers {
  const serving = new AsyncDisposableStack()
  let authority: ReturnType<typeof makeAuthority> | undefined
  return {
    async serve(node, address) {
      authority ??= makeAuthority('nsm mesh')
      const signing = await authority
      serving.use(await serveIssuer({ address, node, authorities: () => ({ signing }), log }))
    },
    [Symbol.asyncDispose]: () => serving.disposeAsync(),
  }
}
