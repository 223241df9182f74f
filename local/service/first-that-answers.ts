import type { Node } from '#local/nodes/node.ts'
import { NsmError } from '#sdk/errors.ts'

/** Asks one node after the other until a manager answers: all of them know the same registry. */
export async function firstThatAnswers<T>(
  nodes: readonly Node[],
  ask: (node: Node) => Promise<T>,
): Promise<T> {
  let last: unknown = new NsmError('INTERNAL', 'the mesh has no node')
  for (const node of nodes) {
    try {
      return await ask(node)
    } catch (cause) {
      const { code } = NsmError.from(cause)
      if (code !== 'MANAGER_UNAVAILABLE' && code !== 'SOCKET_MISSING') throw cause
      last = cause
    }
  }
  throw last
}
