import type { Call, Element, Handler, Service, Step } from './step.ts'

/**
 * Puts steps in front of a tail, the first one outermost. The fold happens once, here; a step may then call `next`
 * any number of times. A request whose signal aborted goes no further than the step that it is in; a close always
 * goes on, because `begin` gives it a deadline of its own.
 */
export function chain<I, O>(...steps: readonly Step<I, O>[]): (tail: Service<I, O>) => Service<I, O> {
  return tail => steps.reduceRight(before, { request: unlessAborted(tail.request), close: tail.close })
}

/** A service from its handlers, as the tail of a chain; one without `close` has nothing to say on the wire. */
export function service<I, O>(handlers: {
  readonly request: Handler<I, O>
  readonly close?: Handler<O, void>
}): Service<I, O> {
  return { request: handlers.request, close: handlers.close ?? nothingToSay }
}

/** The step with a debug line per request and close that says how long the step and all behind it took. */
export function traced<I, O>(step: Step<I, O>): Step<I, O> {
  return {
    name: step.name,
    ...(step.request === undefined ? {} : { request: timed(`${step.name} request`, step.request) }),
    ...(step.close === undefined ? {} : { close: timed(`${step.name} close`, step.close) }),
  }
}

function before<I, O>(rest: Service<I, O>, step: Step<I, O>): Service<I, O> {
  const { request, close } = step
  return {
    request:
      request === undefined
        ? rest.request
        : unlessAborted((input, call) => request(input, call, rest.request)),
    close: close === undefined ? rest.close : (output, call) => close(output, call, rest.close),
  }
}

function unlessAborted<I, O>(handler: Handler<I, O>): Handler<I, O> {
  return async (input, call) => {
    call.signal.throwIfAborted()
    return await handler(input, call)
  }
}

function timed<I, O>(what: string, element: Element<I, O>): Element<I, O> {
  return async (input: I, call: Call, next: Handler<I, O>) => {
    const start = performance.now()
    try {
      return await element(input, call, next)
    } finally {
      call.log.debug({ ms: performance.now() - start }, what)
    }
  }
}

async function nothingToSay(): Promise<void> {}
