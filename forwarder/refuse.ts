import { NsmError } from '#sdk/errors.ts'

/** The error for a message that says something impossible; `doing` names the object, `why` what is wrong and what is expected. */
export function badInput(doing: string, why: string): NsmError {
  return new NsmError('BAD_INPUT', `${doing}: ${why}`)
}

/** The error for a message that asks for what this forwarder does not do. */
export function unsupported(doing: string, why: string): NsmError {
  return new NsmError('UNSUPPORTED', `${doing}: ${why}`)
}

/** Text from outside as it may stand in a message: quoted, escaped and short. */
export function quoted(text: string): string {
  return JSON.stringify(text.length <= 80 ? text : `${text.slice(0, 80)}…`)
}
