import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { WatchEvent, WatchOptions } from '#kube/api.ts'
import { silent } from '#sdk/log.ts'
import { ourMetadata } from './our-metadata.ts'
import { type Namespaces, watchNamespaces } from './watch-namespaces.ts'

const key = 'ns.networkservicemesh.io'
const caller = new AbortController().signal

function namespace(name: string, annotations = {}, labels = { 'networkservicemesh.io/inherit': 'true' }) {
  return { metadata: { name, labels, annotations } }
}

/** A watch whose events the test gives. */
function handFed() {
  const waiting: ((event: WatchEvent | undefined) => void)[] = []
  const events: WatchEvent[] = []
  const asked: WatchOptions[] = []
  return {
    asked,
    tell: async (type: WatchEvent['type'], object: object = {}) => {
      const event = { type, object: object as WatchEvent['object'] }
      const next = waiting.shift()
      if (next === undefined) events.push(event)
      else next(event)
      await vi.advanceTimersByTimeAsync(0)
    },
    api: {
      async *watch(options: WatchOptions) {
        asked.push(options)
        options.signal.addEventListener('abort', () => waiting.shift()?.(undefined))
        while (!options.signal.aborted) {
          const event =
            events.shift() ?? (await new Promise<WatchEvent | undefined>(resolve => waiting.push(resolve)))
          if (event === undefined) return
          yield event
        }
      },
    },
  }
}

describe('watchNamespaces()', () => {
  let watch: ReturnType<typeof handFed>
  let namespaces: Namespaces

  beforeEach(() => {
    vi.useFakeTimers()
    watch = handFed()
    namespaces = watchNamespaces({ api: watch.api, log: silent, signal: new AbortController().signal })
  })

  afterEach(async () => {
    await namespaces[Symbol.asyncDispose]()
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  it('watches the metadata of inheriting namespaces alone', () => {
    expect(watch.asked).toMatchObject([
      {
        path: '/api/v1/namespaces?labelSelector=networkservicemesh.io%2Finherit%3Dtrue',
        accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      },
    ])
  })

  it('is synced once the first list is there, and stays so', async () => {
    expect(namespaces.isSynced()).toBe(false)
    await watch.tell('ADDED', namespace('blue'))
    expect(namespaces.isSynced()).toBe(false)
    await watch.tell('SYNCED')
    expect(namespaces.isSynced()).toBe(true)
    await watch.tell('DELETED', namespace('blue'))
    expect(namespaces.isSynced()).toBe(true)
  })

  it('answers at once for a known namespace, with its newest annotations', async () => {
    await watch.tell('ADDED', namespace('blue', { [key]: 'one', other: 'x' }))
    await expect(namespaces.annotationsOf('blue', caller)).resolves.toEqual({ [key]: 'one' })
    await watch.tell('MODIFIED', namespace('blue', { [key]: 'two' }))
    await expect(namespaces.annotationsOf('blue', caller)).resolves.toEqual({ [key]: 'two' })
  })

  it('waits for a namespace that the API server saw first', async () => {
    const asked = Promise.all([
      namespaces.annotationsOf('blue', caller),
      namespaces.annotationsOf('blue', caller),
    ])
    await vi.advanceTimersByTimeAsync(900)
    await watch.tell('ADDED', namespace('blue', { [key]: 'one' }))
    await expect(asked).resolves.toEqual([{ [key]: 'one' }, { [key]: 'one' }])
  })

  it('gives up after one second', async () => {
    const asked = expect(namespaces.annotationsOf('blue', caller)).rejects.toMatchObject({
      code: 'API_UNAVAILABLE',
      message: expect.stringContaining('namespace blue'),
    })
    await vi.advanceTimersByTimeAsync(1_000)
    await asked
  })

  it('gives up at once when the caller does', async () => {
    const asker = new AbortController()
    const asked = expect(namespaces.annotationsOf('blue', asker.signal)).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    asker.abort()
    await asked
    await expect(namespaces.annotationsOf('blue', asker.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it.each([
    { name: 'is deleted', type: 'DELETED', after: namespace('blue') },
    { name: 'loses the label', type: 'MODIFIED', after: { metadata: { name: 'blue' } } },
    {
      name: 'carries the label with another value',
      type: 'MODIFIED',
      after: namespace('blue', {}, { 'networkservicemesh.io/inherit': 'no' }),
    },
  ] as const)('forgets a namespace that $name', async ({ type, after }) => {
    await watch.tell('ADDED', namespace('blue', { [key]: 'one' }))
    await watch.tell(type, after)
    const asked = expect(namespaces.annotationsOf('blue', caller)).rejects.toMatchObject({
      code: 'API_UNAVAILABLE',
    })
    await vi.advanceTimersByTimeAsync(1_000)
    await asked
  })
})

describe('ourMetadata()', () => {
  it('keeps what concerns us and nothing else', () => {
    const annotations = {
      [key]: 'a',
      'networkservicemesh.io': 'b',
      'networkservicemesh.io/mode': 'sidecar',
      'Ns.networkservicemesh.io': 'c',
      'kubectl.kubernetes.io/last-applied-configuration': '{"long": true}',
      'example.org/networkservicemesh.io': 'd',
    }
    expect(ourMetadata(namespace('blue', annotations))).toEqual({
      name: 'blue',
      inherits: true,
      annotations: {
        [key]: 'a',
        'networkservicemesh.io': 'b',
        'networkservicemesh.io/mode': 'sidecar',
        'Ns.networkservicemesh.io': 'c',
      },
    })
  })

  it.each([
    { name: 'no metadata', object: {} },
    { name: 'no name', object: { metadata: {} } },
  ])('is undefined with $name', ({ object }) => {
    expect(ourMetadata(object)).toBeUndefined()
  })
})
