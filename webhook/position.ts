/** Where the injected container stands among the init containers. */
export type Position =
  | { readonly at: 'first' | 'last' }
  | { readonly at: 'before' | 'after'; readonly name: string }

/** Reads `first`, `last`, `before:NAME` or `after:NAME`. Throws Error with the reason. */
export function parsePosition(value: string): Position {
  if (value === 'first' || value === 'last') return { at: value }
  const match = /^(before|after):([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$/.exec(value)
  const [, at, name] = match ?? []
  if ((at !== 'before' && at !== 'after') || name === undefined)
    throw new Error('expected first, last, before:NAME or after:NAME')
  return { at, name }
}

/** The index at which to insert. Undefined when the container that is named is not among them. */
export function indexOf(position: Position, names: readonly (string | undefined)[]): number | undefined {
  switch (position.at) {
    case 'first':
      return 0
    case 'last':
      return names.length
    default: {
      const found = names.indexOf(position.name)
      if (found === -1) return undefined
      return position.at === 'before' ? found : found + 1
    }
  }
}
