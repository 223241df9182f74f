import type { Endpoint } from '#sdk/chain/begin.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Handlers } from '#sdk/rpc/types.ts'
import type { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import type { Connections } from './connections.ts'
import { enter, ownId } from './enter.ts'
import { leavePath } from './path.ts'
import type { Policy } from './policy.ts'
import { type Caller, callerName, type ManagerRequest, type Wired } from './request.ts'

/** What serving requests depends on. */
export interface NetworkServiceOptions {
  readonly chain: Endpoint<ManagerRequest, Wired>
  readonly connections: Connections
  readonly policy: Policy
  readonly node: string
}

/** Serves NetworkService to callers that `callerOf` names; who cannot be named gets no further. */
export function networkServiceHandlers<P>(
  callerOf: (peer: P, path: readonly { readonly name: string }[]) => Caller | Promise<Caller>,
  { chain, connections, policy, node }: NetworkServiceOptions,
): Handlers<typeof NetworkService, P> {
  return {
    async request(request, { peer, signal }) {
      const caller = await callerOf(peer, request.connection?.path?.pathSegments ?? [])
      const input = enter(request, caller, node)
      const decision = policy.mayRequest(caller, input.connection.networkService)
      if (!decision.allowed)
        throw new NsmError(
          'DENIED',
          `requesting ${input.connection.networkService}: ${callerName(caller)} may not use it: ${decision.reason}`,
        )
      refuseOthers(connections.get(input.id), caller)
      const { connection } = await chain.request(input, signal)
      return leavePath(connection)
    },
    async close(connection, { peer, signal }) {
      const caller = await callerOf(peer, connection.path?.pathSegments ?? [])
      const id = ownId(connection.id, caller)
      refuseOthers(connections.get(id), caller)
      await chain.close(id, signal)
      return {}
    },
  }
}

/** The ids of other managers are taken as they come: one must not reach what belongs to somebody else. */
function refuseOthers(wired: Wired | undefined, caller: Caller): void {
  if (wired === undefined || sameCaller(wired.caller, caller)) return
  throw new NsmError('DENIED', `connection ${wired.id} belongs to another caller than ${callerName(caller)}`)
}

function sameCaller(a: Caller, b: Caller): boolean {
  if (a.kind === 'pod') return b.kind === 'pod' && a.pod.uid === b.pod.uid
  return b.kind === 'manager' && a.name === b.name
}
