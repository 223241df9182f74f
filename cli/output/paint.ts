import { styleText } from 'node:util'

/** Colours for words; the plain one returns its text. */
export type Paint = (style: 'green' | 'red' | 'yellow' | 'dim' | 'bold' | 'cyan', text: string) => string

/** Colours only on a terminal, never with NO_COLOR (https://no-color.org). */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const plain =
    stream.isTTY !== true || (process.env['NO_COLOR'] ?? '') !== '' || process.env['TERM'] === 'dumb'
  return plain ? (_, text) => text : (style, text) => styleText(style, text, { validateStream: false })
}
