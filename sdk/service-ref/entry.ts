import type { ServiceRef } from '#sdk/service-ref.ts'
import { dnsNameRule, interfaceNameRule, isDnsName, isInterfaceName } from './names.ts'
import { bad, cut, decode, type Piece, part, split } from './piece.ts'

/** The shape of one entry, for messages. */
export const entryShape = '[kernel://]service[@domain][/interface][?key=value&...]'

/** Reads one entry, trimmed. Fails with BAD_ANNOTATION. */
export function parseEntry(entry: Piece): ServiceRef {
  if (entry.text === '') throw bad(entry, entryShape)
  const stray = /[\s\p{Cc}#]/u.exec(entry.text)
  if (stray !== null) {
    throw bad(
      part(entry, stray.index, stray.index + 1),
      'an entry without spaces and "#" (in a label: %20 and %23), and a comma between entries',
    )
  }
  const [head, query] = cut(withoutScheme(entry), '?')
  const [name, path] = cut(head, '/')
  const [service, domain] = cut(name, '@')
  return {
    service: dnsName(service, 'a service name of'),
    ...(domain === undefined ? {} : { domain: dnsName(domain, 'a domain of') }),
    // `a/` and `a?` say no more than `a`; v0.2 took them and nothing is lost by doing so.
    ...(path === undefined || path.text === '' ? {} : { interface: interfaceName(path) }),
    labels: query === undefined || query.text === '' ? {} : labels(query),
    mechanism: 'kernel',
  }
}

function withoutScheme(entry: Piece): Piece {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(entry.text)
  if (scheme === null) return entry
  if (scheme[1]?.toLowerCase() !== 'kernel') {
    throw bad(
      part(entry, 0, scheme[0].length),
      'kernel:// or no scheme: only kernel interfaces are supported',
    )
  }
  return part(entry, scheme[0].length)
}

function dnsName(piece: Piece, what: string): string {
  if (!isDnsName(piece.text)) throw bad(piece, `${what} ${dnsNameRule}`)
  return piece.text
}

function interfaceName(piece: Piece): string {
  const [, second] = cut(piece, '/')
  if (second !== undefined)
    throw bad(part(piece, second.column - piece.column - 1), `one "/" at most, as in ${entryShape}`)
  const name = decode(piece)
  if (!isInterfaceName(name)) throw bad(piece, interfaceNameRule)
  return name
}

function labels(query: Piece): Readonly<Record<string, string>> {
  const read = new Map<string, string>()
  for (const pair of split(query, '&')) {
    const [keyPiece, valuePiece] = cut(pair, '=')
    if (keyPiece.text === '') throw bad(pair, 'a label as key=value')
    const key = decodeLabel(keyPiece)
    if (read.has(key)) throw bad(pair, `each label once, and ${JSON.stringify(key)} has a value already`)
    read.set(key, valuePiece === undefined ? '' : decodeLabel(valuePiece))
  }
  return Object.fromEntries(read)
}

/** As in HTML forms, `+` is a space: both older parsers read it so. */
function decodeLabel(piece: Piece): string {
  return decode({ ...piece, text: piece.text.replaceAll('+', '%20') })
}
