import type { Connections } from '#manager/connections.ts'
import { attachesKernel, type Forwarders, type Wish } from '#manager/forwarders.ts'
import type { ManagerRequest, ManagerStep } from '#manager/request.ts'

/** Chooses the first forwarder that can attach the caller; on a refresh the same again, if it lives. */
export function forwarder(forwarders: Forwarders, connections: Connections, waitMs: number): ManagerStep {
  return {
    name: 'forwarder',
    async request(input, call, next) {
      const preferred = connections.get(input.id)?.forwarder
      const found = await forwarders.find(wishOf(input), { preferred, waitMs, signal: call.signal })
      return await next({ ...input, forwarder: found }, call)
    },
  }
}

/** A pod is attached by a kernel interface, another node by any mechanism that both sides have. */
function wishOf({ caller, preferences }: ManagerRequest): Wish {
  if (caller.kind === 'pod') return attachesKernel
  return ({ remote }) => remote.some(({ type }) => preferences.some(preference => preference.type === type))
}
