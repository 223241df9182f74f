import { NsmError } from '#sdk/errors.ts'

/**
 * Fills the Go templates in a selector's value with the labels of the client: `{{.nodeName}}` and
 * `{{index . "nodeName"}}`. A label that is not there is the empty text, as in Go. Anything else between braces is
 * BAD_INPUT.
 */
export function fillTemplate(text: string, labels: Readonly<Record<string, string>>): string {
  if (!text.includes('{{')) return text
  const filled = text.replaceAll(action, (_, expression: string) => {
    const [, field, quoted] = reference.exec(expression) ?? []
    const key = field ?? quoted
    if (key === undefined) throw bad(text, `{{${expression}}} is neither {{.label}} nor {{index . "label"}}`)
    return Object.hasOwn(labels, key) ? (labels[key] ?? '') : ''
  })
  if (text.replaceAll(action, '').includes('{{')) throw bad(text, 'a {{ is not closed')
  return filled
}

const action = /\{\{\s*(.*?)\s*\}\}/gs
const reference = /^(?:\.([A-Za-z_]\w*)|index\s+\.\s+"([^"\\]+)")$/

function bad(text: string, why: string): NsmError {
  return new NsmError('BAD_INPUT', `filling the template ${JSON.stringify(text)}: ${why}`)
}
