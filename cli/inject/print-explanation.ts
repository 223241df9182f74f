import { table } from '#cli/output/table.ts'
import { isObject } from '#kube/shape.ts'
import type { Explained } from '#webhook/explain.ts'
import type { PatchResult } from '#webhook/patch.ts'
import type { Explanation } from './explain-object.ts'

/** An explanation as text: what is asked for, who sends it, each rule, the result and the patch. */
export function printExplanation(explained: Explanation): string {
  const { object, namespace, askedBy, annotations, entries, rules, result, says, patch, warnings } = explained
  const asked = Object.entries(annotations).map(([key, value]) => `${key}: ${value}`)
  const isKnown = entries.some(({ installed }) => installed !== undefined)
  return [
    `${object} in namespace ${namespace}: ${result}${says === '' ? '' : `: ${says}`}\n`,
    askedBy === undefined
      ? ''
      : `\nAsked for by the ${askedBy}'s annotation:\n${asked.map(line => `  ${line}\n`).join('')}`,
    entries.length === 0
      ? ''
      : section(
          'ENTRY',
          ['SENDS IT', ...(isKnown ? ['IN THE CLUSTER'] : []), 'AGAINST IT'],
          entries.map(({ entry, sends, against, installed = '' }) => [
            entry,
            sends ? 'yes' : 'no',
            ...(isKnown ? [installed] : []),
            against.join('; '),
          ]),
        ),
    rules.length === 0
      ? ''
      : section(
          'RULE',
          ['HOLDS', 'MEANING'],
          rules.map(({ rule, state, meaning }) => [rule, held[state], meaning]),
        ),
    patch.length === 0 ? '' : section('PATCH', ['PATH', 'VALUE'], patch.map(operationCells)),
    ...warnings.map(text => `\nwarning: ${text}\n`),
  ].join('')
}

function section(name: string, header: readonly string[], rows: readonly (readonly string[])[]): string {
  return `\n${table([name, ...header], rows)}`
}

const held: Readonly<Record<Explained['state'], string>> = {
  holds: 'yes',
  'does not hold': 'no',
}

const longest = 60

function operationCells(operation: PatchResult['patch'][number]): readonly string[] {
  const value = operation.op === 'remove' ? '' : brief(operation.value)
  return [operation.op, operation.path, value.length > longest ? `${value.slice(0, longest - 1)}…` : value]
}

/** A container by its name and image, anything else as JSON. */
function brief(value: unknown): string {
  const [only] = Array.isArray(value) && value.length === 1 ? value : [value]
  if (isObject(only) && typeof only['name'] === 'string' && typeof only['image'] === 'string')
    return `container ${only['name']}, image ${only['image']}`
  return typeof value === 'string' ? value : JSON.stringify(value)
}
