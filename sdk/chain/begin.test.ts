import { describe, expect, test } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import { begin, type Endpoint } from './begin.ts'
import { chain, service } from './chain.ts'
import type { Call, Step } from './step.ts'

/** A request of these tests: an id, and what the last step does with it. */
interface Ask {
  readonly id: string
  readonly n: number
}

describe('begin', () => {
  test('request() undoes newest first and forgets the id when a first request fails', async () => {
    const world = newWorld()
    world.onTail = () => Promise.reject(new Error('refused'))
    await expect(world.endpoint.request(ask(1), world.signal)).rejects.toThrow('refused')
    expect(world.events).toEqual(['make a', 'make b', 'release b', 'release a'])
    expect(world.endpoint.ids()).toEqual([])
    expect(world.endpoint.last('c')).toBeUndefined()
  })

  test('request() acquires nothing twice on a refresh', async () => {
    const world = newWorld()
    expect(await world.endpoint.request(ask(1), world.signal)).toBe('c1')
    expect(await world.endpoint.request(ask(2), world.signal)).toBe('c2')
    expect(world.events).toEqual(['make a', 'make b'])
    expect(world.endpoint.last('c')).toBe('c2')
    expect(world.endpoint.ids()).toEqual(['c'])
  })

  test('request() keeps what was owned before and undoes only its own when a refresh fails', async () => {
    const world = newWorld()
    await world.endpoint.request(ask(1), world.signal)
    world.events.length = 0
    world.onTail = async (_input, call) => {
      await call.scope.own('extra', world.thing('extra'))
      throw new Error('refused')
    }
    await expect(world.endpoint.request(ask(2), world.signal)).rejects.toThrow('refused')
    expect(world.events).toEqual(['make extra', 'release extra'])
    expect(world.endpoint.last('c')).toBe('c1')
  })

  test('request() runs the events of one connection in order and those of others beside them', async () => {
    const world = newWorld()
    const gate = Promise.withResolvers<void>()
    const order: string[] = []
    world.onTail = async input => {
      order.push(`start ${input.id}${input.n}`)
      if (input.n === 1) await gate.promise
      order.push(`end ${input.id}${input.n}`)
      return `${input.id}${input.n}`
    }
    const runs = [ask(1), ask(2), ask(3)].map(input => world.endpoint.request(input, world.signal))
    await world.endpoint.request({ id: 'other', n: 9 }, world.signal)
    gate.resolve()
    expect(await Promise.all(runs)).toEqual(['c1', 'c2', 'c3'])
    expect(order).toEqual([
      'start c1',
      'start other9',
      'end other9',
      'end c1',
      'start c2',
      'end c2',
      'start c3',
      'end c3',
    ])
  })

  test('request() lets a step undo a failed candidate before the next one', async () => {
    const world = newWorld()
    const candidates: Step<Ask, string> = {
      name: 'candidates',
      request: async (input, call, next) => {
        const mark = call.scope.mark()
        try {
          return await next({ ...input, n: 1 }, call)
        } catch {
          await call.scope.rollback(mark)
          return await next({ ...input, n: 2 }, call)
        }
      },
    }
    const endpoint = begin<Ask, string>(
      chain(candidates)(
        service({
          request: async (input, call) => {
            await call.scope.own('link', world.thing(`link${input.n}`))
            if (input.n === 1) throw new Error('refused')
            return `${input.id}${input.n}`
          },
        }),
      ),
      { idOf: input => input.id },
    )
    expect(await endpoint.request(ask(0), world.signal)).toBe('c2')
    expect(world.events).toEqual(['make link1', 'release link1', 'make link2'])
  })

  test('request() shows the cause first when undoing it fails too', async () => {
    const world = newWorld()
    const cause = new NsmError('ENDPOINT_REFUSED', 'refused')
    world.onTail = async (_input, call) => {
      await call.scope.own('stuck', async () => ({
        value: 0,
        release: () => Promise.reject(new Error('stuck')),
      }))
      throw cause
    }
    const failure: unknown = await world.endpoint
      .request(ask(1), world.signal)
      .catch((thrown: unknown) => thrown)
    expect(failure).toMatchObject({
      code: 'ENDPOINT_REFUSED',
      message: 'refused; and cleaning up failed: releasing stuck: stuck',
      cause: { errors: [cause, { message: 'releasing stuck: stuck' }] },
    })
    expect(world.events).toEqual(['make a', 'make b', 'release b', 'release a'])
  })

  test('request() leaves nothing when it is cancelled at any step', async () => {
    for (const step of ['a', 'b', 'tail']) {
      const world = newWorld()
      const stop = new AbortController()
      world.onStep = name => {
        if (name === step) stop.abort(new NsmError('CANCELLED', 'caller left'))
      }
      world.onTail = async (_input, call) => call.signal.throwIfAborted() ?? 'unreachable'
      await expect(world.endpoint.request(ask(1), stop.signal), step).rejects.toThrow('caller left')
      expect(released(world.events), step).toEqual(made(world.events).toReversed())
      expect(world.endpoint.ids(), step).toEqual([])
    }
  })

  test('request() leaves the line at once when it is cancelled while it waits', async () => {
    const world = newWorld()
    const gate = Promise.withResolvers<void>()
    world.onTail = async input => {
      if (input.n === 1) await gate.promise
      return `${input.id}${input.n}`
    }
    const first = world.endpoint.request(ask(1), world.signal)
    const stop = new AbortController()
    const second = world.endpoint.request(ask(2), stop.signal)
    const third = world.endpoint.request(ask(3), world.signal)
    stop.abort(new Error('caller left'))
    await expect(second).rejects.toThrow('caller left')
    gate.resolve()
    expect(await Promise.all([first, third])).toEqual(['c1', 'c3'])
  })
})

describe('close', () => {
  test('close() says close with the last good output and then gives everything back', async () => {
    const world = newWorld()
    await world.endpoint.request(ask(1), world.signal)
    await world.endpoint.close('c', world.signal)
    expect(world.events).toEqual(['make a', 'make b', 'close c1', 'release b', 'release a'])
    expect(world.endpoint.ids()).toEqual([])
  })

  test('close() succeeds when the id is unknown or closed already', async () => {
    const world = newWorld()
    await world.endpoint.close('c', world.signal)
    await world.endpoint.request(ask(1), world.signal)
    await Promise.all([world.endpoint.close('c', world.signal), world.endpoint.close('c', world.signal)])
    expect(world.events.filter(event => event.startsWith('close'))).toEqual(['close c1'])
  })

  test('close() gives everything back and then fails when the wire close fails', async () => {
    const world = newWorld()
    await world.endpoint.request(ask(1), world.signal)
    world.onClose = () => Promise.reject(new Error('peer gone'))
    await expect(world.endpoint.close('c', world.signal)).rejects.toThrow('peer gone')
    expect(released(world.events)).toEqual(['b', 'a'])
    expect(world.endpoint.ids()).toEqual([])
  })

  test('close() aborts a running first request, which leaves nothing and says nothing', async () => {
    const world = newWorld()
    const reached = hang(world)
    const request = world.endpoint.request(ask(1), world.signal)
    const outcome = expect(request).rejects.toThrow('connection c is being closed')
    await reached
    await world.endpoint.close('c', world.signal)
    await outcome
    expect(world.events).toEqual(['make a', 'make b', 'release b', 'release a'])
  })

  test('close() aborts a running refresh and all that stand behind it, then closes the last good output', async () => {
    const world = newWorld()
    await world.endpoint.request(ask(1), world.signal)
    const reached = hang(world)
    const outcomes = [
      world.endpoint.request(ask(2), world.signal),
      world.endpoint.again('c', world.signal),
    ].map(run => expect(run).rejects.toMatchObject({ code: 'CANCELLED' }))
    await reached
    await world.endpoint.close('c', world.signal)
    await Promise.all(outcomes)
    expect(world.events).toEqual(['make a', 'make b', 'close c1', 'release b', 'release a'])
  })

  test('close() lets a request that came during it begin a new life', async () => {
    const world = newWorld()
    await world.endpoint.request(ask(1), world.signal)
    const gate = Promise.withResolvers<void>()
    world.onClose = () => gate.promise
    const closing = world.endpoint.close('c', world.signal)
    const request = world.endpoint.request(ask(2), world.signal)
    gate.resolve()
    await closing
    expect(await request).toBe('c2')
    expect(world.events).toEqual([
      'make a',
      'make b',
      'close c1',
      'release b',
      'release a',
      'make a',
      'make b',
    ])
    expect(world.endpoint.ids()).toEqual(['c'])
  })

  test('close() goes on when its caller leaves', async () => {
    const world = newWorld()
    await world.endpoint.request(ask(1), world.signal)
    const gate = Promise.withResolvers<void>()
    world.onClose = (_output, call) => gate.promise.then(() => call.signal.throwIfAborted())
    const stop = new AbortController()
    const closing = world.endpoint.close('c', stop.signal)
    stop.abort(new Error('caller left'))
    await expect(closing).rejects.toThrow('caller left')
    gate.resolve()
    await world.endpoint.close('c', world.signal)
    expect(world.events).toEqual(['make a', 'make b', 'close c1', 'release b', 'release a'])
  })
})

describe('again, adopt and disposal', () => {
  test('again() repeats the last good input with the same scope', async () => {
    const world = newWorld()
    await world.endpoint.request(ask(1), world.signal)
    expect(await world.endpoint.again('c', world.signal)).toBe('c1')
    expect(world.events).toEqual(['make a', 'make b'])
  })

  test('again() lets the caller change the input, given the last output', async () => {
    const world = newWorld()
    await world.endpoint.request(ask(1), world.signal)
    const output = await world.endpoint.again('c', world.signal, (input, last) => ({
      ...input,
      n: input.n + last.length,
    }))
    expect(output).toBe('c3')
  })

  test('again() sees the input of the request that it waited for', async () => {
    const world = newWorld()
    const [, repeated] = await Promise.all([
      world.endpoint.request(ask(7), world.signal),
      world.endpoint.again('c', world.signal),
    ])
    expect(repeated).toBe('c7')
  })

  test('again() fails with NOT_FOUND when the id is unknown', async () => {
    const world = newWorld()
    await expect(world.endpoint.again('c', world.signal)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(world.endpoint.ids()).toEqual([])
  })

  test('adopt() makes a connection that can be refreshed, repeated and closed', async () => {
    const world = newWorld()
    world.endpoint.adopt('c', ask(5), 'journal')
    expect(world.endpoint.last('c')).toBe('journal')
    expect(await world.endpoint.again('c', world.signal)).toBe('c5')
    await world.endpoint.close('c', world.signal)
    expect(world.events).toEqual(['make a', 'make b', 'close c5', 'release b', 'release a'])
  })

  test('adopt() closes with the adopted output when nothing was requested since', async () => {
    const world = newWorld()
    world.endpoint.adopt('c', ask(5), 'journal')
    await world.endpoint.close('c', world.signal)
    expect(world.events).toEqual(['close journal'])
  })

  test('adopt() fails when the id is known', async () => {
    const world = newWorld()
    await world.endpoint.request(ask(1), world.signal)
    expect(() => world.endpoint.adopt('c', ask(2), 'x')).toThrow(
      expect.objectContaining({ code: 'ALREADY_EXISTS' }),
    )
  })

  test('disposal undoes what runs, keeps what is connected and takes no more', async () => {
    const world = newWorld()
    await world.endpoint.request(ask(1), world.signal)
    world.events.length = 0
    const reached = hang(world)
    const outcome = expect(world.endpoint.request({ id: 'd', n: 1 }, world.signal)).rejects.toThrow(
      'shutting down',
    )
    await reached
    await world.endpoint[Symbol.asyncDispose]()
    await outcome
    expect(world.events).toEqual(['make a', 'make b', 'release b', 'release a'])
    expect(world.endpoint.ids()).toEqual(['c'])
    await expect(world.endpoint.request(ask(2), world.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

/** An endpoint of two owning steps and a tail whose behaviour a test may replace; everything is noted. */
interface World {
  readonly endpoint: Endpoint<Ask, string>
  readonly events: string[]
  readonly signal: AbortSignal
  readonly thing: (name: string) => () => Promise<{ value: string; release: () => Promise<void> }>
  onStep: (name: string) => void
  onTail: (input: Ask, call: Call) => Promise<string>
  onClose: (output: string, call: Call) => Promise<void>
}

function newWorld(): World {
  const events: string[] = []
  const thing: World['thing'] = name => async () => {
    events.push(`make ${name}`)
    return { value: name, release: async () => void events.push(`release ${name}`) }
  }
  const owning = (name: string): Step<Ask, string> => ({
    name,
    request: async (input, call, next) => {
      await call.scope.own(name, thing(name))
      world.onStep(name)
      return await next(input, call)
    },
  })
  const tail = service<Ask, string>({
    request: (input, call) => {
      world.onStep('tail')
      return world.onTail(input, call)
    },
    close: (output, call) => {
      events.push(`close ${output}`)
      return world.onClose(output, call)
    },
  })
  const world: World = {
    endpoint: begin(chain(owning('a'), owning('b'))(tail), { idOf: input => input.id }),
    events,
    signal: new AbortController().signal,
    thing,
    onStep: () => {},
    onTail: async input => `${input.id}${input.n}`,
    onClose: async () => {},
  }
  return world
}

function ask(n: number): Ask {
  return { id: 'c', n }
}

/** Makes the next requests hang in the tail until they are aborted; resolves when the first has got there. */
function hang(world: World): Promise<void> {
  const arrival = Promise.withResolvers<void>()
  world.onTail = (_input, call) => {
    arrival.resolve()
    return new Promise((_resolve, reject) => {
      call.signal.addEventListener('abort', () => reject(call.signal.reason), { once: true })
    })
  }
  return arrival.promise
}

function made(events: readonly string[]): readonly string[] {
  return events.filter(event => event.startsWith('make ')).map(event => event.slice(5))
}

function released(events: readonly string[]): readonly string[] {
  return events.filter(event => event.startsWith('release ')).map(event => event.slice(8))
}
