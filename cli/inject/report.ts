import type { Paint } from '#cli/output/paint.ts'
import type { Verdict } from './verdict.ts'

/** A verdict and the document that its object is in. */
export type Reported = Verdict & { readonly place: string }

/** How much the report tells: refusals alone, an object a line, places and machine-readable reasons too, or JSON. */
export type Detail = 'quiet' | 'normal' | 'verbose' | 'json'

const colours: Readonly<Record<Verdict['state'], Parameters<Paint>[0]>> = {
  injected: 'green',
  uninjected: 'green',
  skipped: 'yellow',
  refused: 'red',
  unchanged: 'dim',
}

/** What happened to each object and why, as text for standard error. */
export function report(verdicts: readonly Reported[], detail: Detail, paint: Paint): string {
  if (detail === 'json') return `${JSON.stringify({ objects: verdicts.map(forMachines) }, undefined, 2)}\n`
  return verdicts
    .filter(({ state }) => detail !== 'quiet' || state === 'refused')
    .flatMap(verdict => [
      line(verdict, detail, paint),
      ...verdict.warnings
        .filter(() => detail !== 'quiet')
        .map(text => `${verdict.object} ${paint('yellow', 'warning')}: ${text}\n`),
    ])
    .join('')
}

function line({ object, state, says, place, reasons }: Reported, detail: Detail, paint: Paint): string {
  const told = state === 'unchanged' && detail !== 'verbose' ? '' : says
  const where = detail === 'verbose' ? `${place}: ` : ''
  const codes = detail === 'verbose' && !says.includes(reasons[0] ?? '') ? ` [${reasons.join(', ')}]` : ''
  return `${where}${object} ${paint(colours[state], state)}${told === '' ? '' : `: ${told}`}${codes}\n`
}

function forMachines({ object, place, state, reasons, says, services, warnings }: Reported) {
  return { object, place, state, reasons, says, services, warnings }
}
