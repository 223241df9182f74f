import type { Scope } from '#sdk/chain/scope.ts'

/** Something that a connection has, and how that ends. */
export interface Holding {
  readonly key: string
  readonly release: () => Promise<void>
}

interface Hold {
  mayEnd: 'yes' | 'no'
}

/**
 * Files what a run acquires for a connection, to be given back when the run fails. What the connection had `before` is
 * left alone then: after a restart the scope knows nothing of it, and a refresh that fails must not end what stands.
 */
export async function hold(scope: Scope, holding: Holding, since: 'now' | 'before'): Promise<void> {
  await file(scope, holding, since === 'now' ? 'yes' : 'no')
}

/** Files what ends with the connection, however it was filed before. */
export async function holdToEnd(scope: Scope, holding: Holding): Promise<void> {
  const held = await file(scope, holding, 'yes')
  held.mayEnd = 'yes'
}

function file(scope: Scope, { key, release }: Holding, mayEnd: Hold['mayEnd']): Promise<Hold> {
  return scope.own(key, async () => {
    const value: Hold = { mayEnd }
    return { value, release: async () => (value.mayEnd === 'yes' ? await release() : undefined) }
  })
}
