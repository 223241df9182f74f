import type { Endpoint } from '#sdk/chain/begin.ts'
import type { Connections } from './connections.ts'
import { type ManagerRequest, requestOf, type Wired } from './request.ts'

/**
 * A chain whose close can be repeated. When the journal could not forget a connection (its disk was full), the chain
 * has forgotten it but the list has not: the next close takes it up once more, so that no restart brings it back.
 */
export function closableAgain(
  chain: Endpoint<ManagerRequest, Wired>,
  connections: Connections,
): Endpoint<ManagerRequest, Wired> {
  return {
    request: (input, signal) => chain.request(input, signal),
    again: (id, signal, change) => chain.again(id, signal, change),
    adopt: (id, input, output) => chain.adopt(id, input, output),
    last: id => chain.last(id),
    ids: () => chain.ids(),
    async close(id, signal) {
      await chain.close(id, signal)
      const left = connections.get(id)
      if (left === undefined || chain.last(id) !== undefined) return
      chain.adopt(id, requestOf(left), left)
      await chain.close(id, signal)
    },
    [Symbol.asyncDispose]: () => chain[Symbol.asyncDispose](),
  }
}
