import { type Document, isAlias, isCollection, isMap, isScalar, isSeq, type Node, visit } from 'yaml'
import { NsmError } from '#sdk/errors.ts'
import type { Edit } from './edit.ts'
import { editBlockMap, editBlockSeq } from './edit-block.ts'
import { editFlowMap, editFlowSeq, replaceInline } from './edit-flow.ts'
import { layoutOf } from './layout.ts'
import { rangeOf } from './places.ts'
import type { Walk } from './walk.ts'

/** A document within its text. */
export interface Written {
  readonly text: string
  readonly document: Document
  /** `web.yaml:12`, for messages. */
  readonly placeOf: (offset: number) => string
}

/**
 * The edits of a text that give a document another value; all that is equal before and after stays as it is written.
 * Throws BAD_INPUT where a changed place is shared by an alias, for the change would reach the other places too.
 */
export function editDocument(
  written: Written,
  change: { readonly before: unknown; readonly after: unknown },
): readonly Edit[] {
  const { text, document } = written
  const aliases = aliasesOf(document)
  const walk: Walk = {
    layout: layoutOf(text, document),
    edit: (node, { before, after }) => {
      if (!isAlias(node)) walk.guard(node)
      const found = { before, after }
      if (isCollection(node) && node.flow !== true && isEmptied(after))
        return [replaceInline(node, after, walk)]
      if (isMap(node))
        return node.flow === true ? editFlowMap(node, found, walk) : editBlockMap(node, found, walk)
      if (isSeq(node))
        return node.flow === true ? editFlowSeq(node, found, walk) : editBlockSeq(node, found, walk)
      return [replaceInline(node, after, walk)]
    },
    guard: node => {
      const anchor = anchorOf(node)
      const alias = anchor === undefined ? undefined : aliases.find(({ source }) => source === anchor)
      if (alias === undefined) return
      throw new NsmError(
        'BAD_INPUT',
        `${written.placeOf(rangeOf(node)[0])}: what must change here is anchored as &${anchor} and used again in ${written.placeOf(rangeOf(alias)[0])}, which would change too: write it out in one of the two places`,
      )
    },
    anchored: (name, offset) => {
      let found: Node | undefined
      visit(document, {
        Node: (_, node) => {
          if (anchorOf(node) === name && rangeOf(node)[0] < offset) found = node
        },
      })
      return found?.toJS(document, limits)
    },
  }
  return walk.edit(document.contents, change)
}

/** How often an anchor may be used: enough for real files, too little for a file that is made to explode. */
export const limits = { maxAliasCount: 10_000 } as const

function isEmptied(after: unknown): boolean {
  return typeof after === 'object' && after !== null && Object.keys(after).length === 0
}

function anchorOf(node: unknown): string | undefined {
  return isScalar(node) || isCollection(node) ? node.anchor : undefined
}

function aliasesOf(document: Document) {
  const found: { readonly source: string; readonly range?: Node['range'] }[] = []
  visit(document, { Alias: (_, alias) => void found.push(alias) })
  return found
}
