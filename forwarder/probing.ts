import { duration } from '#runtime/parse.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { livenessKey } from '#sdk/wire/liveness.ts'
import { badInput, quoted } from './refuse.ts'

/** How often a data path is tried, and when it is given up. */
export interface Probing {
  /** Milliseconds between two probes of one address. */
  readonly intervalMs: number
  /** Probes in a row without an answer after which nothing is said to pass. */
  readonly loss: number
}

/** Whose data paths a forwarder tries, and how where a connection does not say. */
export interface ProbingRules extends Probing {
  readonly whose: 'nobody' | 'asked' | 'all'
}

/** What holds where nobody says otherwise. */
export const defaultProbing: ProbingRules = { whose: 'asked', intervalMs: 1000, loss: 3 }

/** How the data path of a cross connect is to be tried; undefined when it is not. Throws BAD_INPUT. */
export function probingOf(crossConnect: CrossConnect, rules: ProbingRules): Probing | undefined {
  const { id, source, destination } = crossConnect
  const extra = (source?.context ?? destination?.context)?.extraContext ?? {}
  const doing = `wiring cross connect ${quoted(id)}: extra_context`
  const [check, interval, loss] = [
    extra[livenessKey.check],
    extra[livenessKey.interval],
    extra[livenessKey.loss],
  ]
  if (check !== undefined && check !== 'on' && check !== 'off')
    throw badInput(doing, `${livenessKey.check} is ${quoted(check)}; expected on or off`)
  const probing = {
    intervalMs: interval === undefined ? rules.intervalMs : intervalOf(interval, doing),
    loss: loss === undefined ? rules.loss : lossOf(loss, doing),
  }
  if (rules.whose === 'nobody' || check === 'off') return undefined
  const asked = check === 'on' || interval !== undefined || loss !== undefined
  return asked || rules.whose === 'all' ? probing : undefined
}

function intervalOf(text: string, doing: string): number {
  try {
    return probeInterval(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw badInput(doing, `${livenessKey.interval} is ${quoted(text)}; ${why}`)
  }
}

function lossOf(text: string, doing: string): number {
  const loss = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0
  if (loss >= 1 && loss <= mostLoss) return loss
  throw badInput(doing, `${livenessKey.loss} is ${quoted(text)}; expected a number from 1 to ${mostLoss}`)
}

/** A duration within bounds, in milliseconds. Throws Error with the reason. */
export function probeInterval(text: string): number {
  const ms = duration(text)
  if (ms >= 100 && ms <= 3_600_000) return ms
  throw new Error('expected a duration from 100ms to 1h')
}

/** The most probes that may go unanswered. */
export const mostLoss = 100
