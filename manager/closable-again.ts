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
      const before = connections.get(id)
      await chain.close(id, signal)
      // Another object under the id is a connection that was made since.
      if (before === undefined || connections.get(id) !== before) return
      chain.adopt(id, requestOf(before), before)
      await chain.close(id, signal)
    },
    [Symbol.asyncDispose]: () => chain[Symbol.asyncDispose](),
  }
}
