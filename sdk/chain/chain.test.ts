import { describe, expect, test } from 'vitest'
import { type Log, silent } from '#sdk/log.ts'
import { chain, service, traced } from './chain.ts'
import { newScope } from './scope.ts'
import type { Call, Step } from './step.ts'

describe('chain', () => {
  test('chain() runs the first step outermost', async () => {
    const events: string[] = []
    const whole = chain(noting('a', events), noting('b', events))(tail(events))
    expect(await whole.request('in', call())).toBe('out b a')
    expect(events).toEqual(['a in', 'b in a', 'tail in a b'])
  })

  test('chain() passes over steps that lack a request or a close', async () => {
    const events: string[] = []
    const whole = chain<string, string>({ name: 'nothing' }, noting('a', events))(tail(events))
    await whole.request('in', call())
    await whole.close('out', call())
    expect(events).toEqual(['a in', 'tail in a', 'tail close out'])
  })

  test('chain() lets a step call the rest several times', async () => {
    const twice: Step<string, string> = {
      name: 'twice',
      request: async (input, run, next) => `${await next(`${input}1`, run)}, ${await next(`${input}2`, run)}`,
    }
    const whole = chain(twice)(service({ request: async (input: string) => `got ${input}` }))
    expect(await whole.request('x', call())).toBe('got x1, got x2')
  })

  test('chain() goes no further when the signal aborted during a step', async () => {
    const events: string[] = []
    const stop = new AbortController()
    const quitting: Step<string, string> = {
      name: 'quitting',
      request: async (input, run, next) => {
        stop.abort(new Error('enough'))
        return await next(input, run)
      },
    }
    const whole = chain(quitting, noting('never', events))(tail(events))
    await expect(whole.request('in', call(stop.signal))).rejects.toThrow('enough')
    expect(events).toEqual([])
  })

  test('service() has an empty close when none is given', async () => {
    await expect(
      service({ request: async (input: string) => input }).close('x', call()),
    ).resolves.toBeUndefined()
  })

  test('traced() logs how long a step took, also when it fails', async () => {
    const lines: string[] = []
    const log: Log = { ...silent, debug: (_fields, message) => void lines.push(message) }
    const broken: Step<string, string> = {
      name: 'broken',
      request: () => Promise.reject(new Error('no')),
      close: () => Promise.resolve(),
    }
    const whole = chain(traced(broken))(tail([]))
    await expect(whole.request('in', { ...call(), log })).rejects.toThrow('no')
    await whole.close('out', { ...call(), log })
    expect(lines).toEqual(['broken request', 'broken close'])
  })
})

function noting(name: string, events: string[]): Step<string, string> {
  return {
    name,
    request: async (input, run, next) => {
      events.push(`${name} ${input}`)
      return `${await next(`${input} ${name}`, run)} ${name}`
    },
  }
}

function tail(events: string[]) {
  return service<string, string>({
    request: async input => {
      events.push(`tail ${input}`)
      return 'out'
    },
    close: async output => void events.push(`tail close ${output}`),
  })
}

function call(signal = new AbortController().signal): Call {
  return { scope: newScope(), signal, log: silent }
}
