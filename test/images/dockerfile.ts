import { readFileSync } from 'node:fs'

/** One stage of the Dockerfile: what it begins with and what it says, in order. */
export interface Stage {
  readonly from: string
  readonly name: string
  /** `{ verb: 'COPY', text: '. .' }`; comments and line breaks are gone. */
  readonly says: readonly { readonly verb: string; readonly text: string }[]
}

/** The stages of the Dockerfile; what stands before the first is not among them. */
export function stagesOf(path: string): readonly Stage[] {
  const lines = readFileSync(path, 'utf8')
    .replaceAll(/^#.*$/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
    .map(line => ({ verb: line.split(/\s/)[0] ?? '', text: line.replace(/^\S+\s+/, '') }))
  return lines.flatMap(({ verb, text }, index) => {
    if (verb !== 'FROM') return []
    const rest = lines.slice(index + 1)
    const next = rest.findIndex(line => line.verb === 'FROM')
    const [from = '', , name = ''] = text.replace(/^--platform=\S+\s+/, '').split(/\s+/)
    return [{ from, name, says: next === -1 ? rest : rest.slice(0, next) }]
  })
}
