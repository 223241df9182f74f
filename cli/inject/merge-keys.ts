import { isAlias, isSeq, type YAMLMap } from 'yaml'
import { colonEnd, type Entry, keyOf, lineEnd, rangeOf } from './places.ts'
import { isJsonMap, type Walk } from './walk.ts'

/** What stands behind the key of an entry that overrides what a merge key (`<<`) brings; uninject takes such an entry out. */
export const overrideComment = ' # nsm: was <<'

/** Whether an entry is one that we put there to override what a merge key brings. */
export function isOverride(entry: Entry, { layout: { text } }: Walk): boolean {
  const colon = colonEnd(entry)
  return text.slice(colon, lineEnd(text, colon)) === overrideComment
}

/** What a map has for a key by its merge keys alone; undefined when they bring nothing. */
export function mergedValue(node: YAMLMap, key: string, walk: Walk): unknown {
  const sources = node.items
    .filter(entry => keyOf(entry) === undefined)
    .flatMap(({ value }): readonly unknown[] => (isSeq(value) ? value.items : [value]))
  for (const source of sources) {
    const merged = isAlias(source) ? walk.anchored(source.source, rangeOf(source)[0]) : undefined
    if (isJsonMap(merged) && Object.hasOwn(merged, key)) return merged[key]
  }
  return undefined
}
