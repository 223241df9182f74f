import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { silent } from '#sdk/log.ts'
import { newWake } from '#sdk/workspace/wake.ts'
import { type Hurry, KubeApiError } from './api.ts'
import type { JsonObject } from './shape.ts'
import { type Wire, watch } from './watch.ts'

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const page = (version: string, more: JsonObject = {}, items: readonly JsonObject[] = []) => ({
  kind: 'ThingList',
  apiVersion: 'v1',
  metadata: { resourceVersion: version, ...more },
  items,
})
const thing = (name: string, version: string) => ({ metadata: { name, uid: name, resourceVersion: version } })

/** Watches for this many milliseconds; gives the questions by their time, and the events. */
async function watchFor(milliseconds: number, wire: Wire, hurry?: Hurry) {
  const questions: string[] = []
  const stop = new AbortController()
  const begun = Date.now()
  const note = (path: string) => {
    const { searchParams } = new URL(path, 'https://x')
    const what = searchParams.has('watch')
      ? `follow from ${searchParams.get('resourceVersion') ?? ''}`
      : `list ${searchParams.get('continue') ?? ''}`
    questions.push(`${Date.now() - begun}: ${what.trim()}`)
  }
  const noted: Wire = {
    list(question) {
      note(question.path)
      return wire.list(question)
    },
    stream(question) {
      note(question.path)
      return wire.stream(question)
    },
  }
  const events: string[] = []
  const reading = (async () => {
    const options = {
      path: '/x',
      signal: stop.signal,
      log: silent,
      ...(hurry === undefined ? {} : { hurry }),
    }
    for await (const { type, object } of watch(noted, options))
      events.push(`${type} ${JSON.stringify(object)}`)
  })()
  await vi.advanceTimersByTimeAsync(milliseconds)
  stop.abort()
  await reading
  return { questions, events }
}

function failing(status: number): () => never {
  return () => {
    throw new KubeApiError({ status, reason: '' }, 'no')
  }
}

/** A stream that tells these and then stays open until it is aborted. */
async function* open(signal: AbortSignal, ...events: readonly JsonObject[]) {
  yield* events
  await new Promise(resolve => {
    signal.addEventListener('abort', resolve, { once: true })
  })
}

describe('watch', () => {
  it.each([
    { what: 'does not answer', status: 0, waits: [0, 0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500] },
    { what: 'refuses', status: 503, waits: [0, 0, 500, 1_500, 3_500, 7_500, 15_500] },
  ])('asks a server that $what at once, and then after waits that grow', async ({ status, waits }) => {
    const { questions } = await watchFor(20_000, {
      list: async () => failing(status)(),
      stream: failing(status),
    })
    expect(questions).toEqual(waits.map(at => `${at}: list`))
  })

  it.each([0, 0.999])(
    'is there again within 10 s of an outage of 30 s, whatever chance says (%s)',
    async chance => {
      vi.mocked(Math.random).mockReturnValue(chance)
      const begun = Date.now()
      // A server that has come back refuses for a moment, until it has read its own state.
      const phaseOf = (at: number) => (at < 5_000 || at > 37_000 ? 200 : at < 35_000 ? 0 : 403)
      const { questions, events } = await watchFor(60_000, {
        list: async () => {
          const status = phaseOf(Date.now() - begun)
          return status === 200 ? page('8', {}, [thing('new', '8')]) : failing(status)()
        },
        async *stream({ signal }) {
          const status = phaseOf(Date.now() - begun)
          if (status !== 200) failing(status)()
          const broken = new AbortController()
          const outage = setTimeout(() => broken.abort(), Math.max(0, 5_000 - (Date.now() - begun)))
          yield* open(Date.now() - begun < 5_000 ? AbortSignal.any([signal, broken.signal]) : signal)
          clearTimeout(outage)
          if (broken.signal.aborted) failing(0)()
        },
      })
      const times = questions.map(question => Number.parseInt(question, 10))
      const back = times.filter(at => at > 37_000)
      expect(Math.min(...back)).toBeLessThan(47_000)
      expect(questions.at(-1)).toMatch(/: follow from 8$/)
      expect(times.length).toBeLessThan(20)
      expect(events.filter(event => event.startsWith('ADDED'))).toHaveLength(1)
    },
  )

  it.each([
    { status: 0, what: 'asks a server that does not answer', times: [0, 0, 500, 1_500, 2_700, 3_700, 7_700] },
    { status: 503, what: 'lets a server that refuses be', times: [0, 0, 500, 1_500, 3_500, 7_500] },
  ])(
    '$what, when somebody knows that it is back, at once and not more often than once a second',
    async ({ status, times }) => {
      const wake = newWake()
      for (const at of [2_700, 2_800, 3_000]) setTimeout(() => wake.call(), at)
      const { questions } = await watchFor(
        8_000,
        { list: async () => failing(status)(), stream: failing(status) },
        wake,
      )
      expect(questions).toEqual(times.map(at => `${at}: list`))
    },
  )

  it('asks a server that says when at that time, also the first time', async () => {
    const busy = () => {
      throw new KubeApiError({ status: 429, reason: 'TooManyRequests', retryAfterMs: 5_000 }, 'no')
    }
    const { questions } = await watchFor(12_000, { list: async () => busy(), stream: busy })
    expect(questions).toEqual([0, 5_250, 10_750].map(at => `${at}: list`))
  })

  it('does not spin when every stream ends at once without an event', async () => {
    const stream = async function* () {}
    const { questions } = await watchFor(3_000, { list: async () => page('7'), stream })
    expect(questions.filter(question => question.includes('follow'))).toEqual(
      [0, 0, 500, 1_500].map(at => `${at}: follow from 7`),
    )
  })

  it('follows on at once from the last bookmark when a good stream ends', async () => {
    let streams = 0
    const { questions } = await watchFor(10, {
      list: async () => page('7'),
      async *stream({ signal }) {
        streams += 1
        if (streams === 1) yield { type: 'BOOKMARK', object: { metadata: { resourceVersion: '99' } } }
        else yield* open(signal)
      },
    })
    expect(questions).toEqual(['0: list', '0: follow from 7', '0: follow from 99'])
  })

  it.each([
    { status: 0, next: 'follow from 7' },
    { status: 429, next: 'follow from 7' },
    { status: 410, next: 'list' },
    { status: 504, next: 'list' },
  ])('after a stream that failed with $status it goes on with: $next', async ({ status, next }) => {
    const { questions } = await watchFor(10, { list: async () => page('7'), stream: failing(status) })
    expect(questions[2]).toBe(`0: ${next}`)
  })

  it('lists again when the stream itself says that the version is too old', async () => {
    let streams = 0
    const { questions } = await watchFor(10, {
      list: async () => page('7'),
      async *stream({ signal }) {
        streams += 1
        if (streams === 1) yield { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }
        else yield* open(signal)
      },
    })
    expect(questions).toEqual(['0: list', '0: follow from 7', '0: list', '0: follow from 7'])
  })

  it('reads a long list page by page, and tells SYNCED after the last', async () => {
    const { questions, events } = await watchFor(10, {
      list: async ({ path }) =>
        path.includes('continue=')
          ? page('7', {}, [thing('b', '2')])
          : page('7', { continue: 'more' }, [thing('a', '1')]),
      stream: ({ signal }) => open(signal),
    })
    expect(questions).toEqual(['0: list', '0: list more', '0: follow from 7'])
    expect(events.map(event => event.split(' ')[0])).toEqual(['ADDED', 'ADDED', 'SYNCED'])
    expect(events[0]).toContain('"apiVersion":"v1","kind":"Thing"')
  })

  it('ends a stream that outlives its time, which is how a dead connection shows', async () => {
    const { questions } = await watchFor(300_000, {
      list: async () => page('7'),
      async *stream({ signal }) {
        yield* open(signal)
        signal.throwIfAborted()
      },
    })
    expect(questions.filter(question => question.includes('follow'))).toHaveLength(1)
  })
})
