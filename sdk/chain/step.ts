import type { Log } from '#sdk/log.ts'
import type { Scope } from './scope.ts'

/** What a step knows of the run that it takes part in. Only `begin` makes one. */
export interface Call {
  /** Owns what the steps acquire for this connection; rolled back when the run fails, released on close. */
  readonly scope: Scope
  /** Ends the run: caller gone, deadline passed, or the connection is being closed. */
  readonly signal: AbortSignal
  readonly log: Log
}

/** The rest of a chain as a function. */
export type Handler<I, O> = (input: I, call: Call) => Promise<O>

/** One behaviour around the rest of a chain; it may call `next` once, several times (candidates) or never. */
export type Element<I, O> = (input: I, call: Call, next: Handler<I, O>) => Promise<O>

/**
 * One behaviour of a chain. `request` makes or refreshes; `close` is only for what is said on the wire, because
 * what is held locally belongs to `call.scope`.
 */
export interface Step<I, O> {
  readonly name: string
  readonly request?: Element<I, O>
  readonly close?: Element<O, void>
}

/** A whole chain: what `chain(...)` makes and `begin` serves. */
export interface Service<I, O> {
  readonly request: Handler<I, O>
  readonly close: Handler<O, void>
}
