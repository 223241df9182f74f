import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silent } from '#sdk/log.ts'
import { type ApiCall, type KubeApi, metadataOnly, type WatchEvent } from './api.ts'
import { isObject, type JsonObject } from './shape.ts'

/** What the contract runs on: an API server with an empty namespace. */
export interface Subject {
  readonly api: KubeApi
  /** The same server for watches, whose connections can be broken. */
  readonly watched: KubeApi
  /** `/api/v1/namespaces/NAME`. */
  readonly namespace: string
  /** Breaks the connections of all watches. */
  disconnect(): void
  /** Keeps watches of LimitRanges away while `work` runs, and makes the server forget what changed meanwhile. */
  cutOff(work: () => Promise<void>): Promise<void>
}

/** What every `KubeApi` does. `open` runs before each test. */
export function describeApi(name: string, open: () => Promise<Subject>): void {
  describe(`the API client of ${name}`, () => {
    const stop = new AbortController()
    const { signal } = stop
    let subject: Subject
    let path: string
    beforeEach(async () => {
      subject = await open()
      path = `${subject.namespace}/configmaps`
    })
    const ask = (method: ApiCall['method'], at: string, rest: Partial<ApiCall> = {}) =>
      subject.api.call({ method, path: at, signal, ...rest })
    const create = (object: string, rest: object = {}) =>
      ask('POST', path, { body: configMap({ name: object, ...rest }) })
    const watching: AbortController[] = []
    const watch = (rest: { readonly query?: string; readonly accept?: string } = {}) => {
      const { query = '', ...options } = rest
      const end = new AbortController()
      watching.push(end)
      return follow(
        subject.watched.watch({ path: `${path}${query}`, signal: end.signal, log: silent, ...options }),
      )
    }
    afterEach(() => {
      for (const end of watching.splice(0)) end.abort()
    })

    it('creates, reads, replaces, lists and deletes', async () => {
      const made = await create('a')
      expect(metadata(made)).toMatchObject({ name: 'a', uid: expect.any(String) })
      expect(await ask('GET', `${path}/a`)).toEqual(made)
      const changed = await ask('PUT', `${path}/a`, { body: { ...made, data: { k: 'v' } } })
      expect(changed).toMatchObject({ data: { k: 'v' } })
      expect(metadata(changed)['resourceVersion']).not.toBe(metadata(made)['resourceVersion'])
      const list = await ask('GET', path)
      expect(list).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1', items: [{ data: { k: 'v' } }] })
      await ask('DELETE', `${path}/a`)
      await expect(ask('GET', `${path}/a`)).rejects.toMatchObject({ status: 404 })
    })

    it('makes a name from generateName', async () => {
      const made = await ask('POST', path, { body: configMap({ generateName: 'web-' }) })
      expect(metadata(made)['name']).toMatch(/^web-.+/)
    })

    it('stores nothing on a dry run', async () => {
      const made = await ask('POST', `${path}?dryRun=All`, { body: configMap({ name: 'a' }) })
      expect(metadata(made)).toMatchObject({ name: 'a' })
      await expect(ask('GET', `${path}/a`)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it.each<{
      what: string
      ask: readonly [ApiCall['method'], string, object?]
      type?: string
      answer: object
    }>([
      {
        what: 'an object that is not there',
        ask: ['GET', '/none'],
        answer: { status: 404, code: 'NOT_FOUND' },
      },
      {
        what: 'replacing what is not there',
        ask: ['PUT', '/none', configMap({ name: 'none' })],
        answer: { status: 404, reason: 'NotFound' },
      },
      { what: 'patching what is not there', ask: ['PATCH', '/none', {}], answer: { code: 'NOT_FOUND' } },
      { what: 'deleting what is not there', ask: ['DELETE', '/none'], answer: { code: 'NOT_FOUND' } },
      { what: 'a kind that is not there', ask: ['GET', '/a/none'], answer: { code: 'NOT_FOUND' } },
      {
        what: 'a second of that name',
        ask: ['POST', '', configMap({ name: 'a' })],
        answer: { status: 409, code: 'ALREADY_EXISTS', reason: 'AlreadyExists' },
      },
      {
        what: 'a version that was replaced',
        ask: ['PUT', '/a', configMap({ name: 'a', resourceVersion: '1' })],
        answer: { status: 409, code: 'CONFLICT', reason: 'Conflict' },
      },
      {
        what: 'a patch of a version that was replaced',
        ask: ['PATCH', '/a', { metadata: { resourceVersion: '1' }, data: { k: 'v' } }],
        answer: { status: 409, code: 'CONFLICT' },
      },
      {
        what: 'deleting another one of that name',
        ask: ['DELETE', '/a', { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'other' } }],
        answer: { status: 409, code: 'CONFLICT' },
      },
      {
        what: 'an object without a name',
        ask: ['POST', '', configMap({})],
        answer: { status: 422, code: 'BAD_INPUT' },
      },
      {
        what: 'a JSON patch whose test fails',
        ask: ['PATCH', '/a', [{ op: 'test', path: '/data/k', value: 'x' }]],
        type: 'application/json-patch+json',
        answer: { status: 422, code: 'BAD_INPUT' },
      },
    ])('refuses $what', async ({ ask: [method, end, body], type, answer }) => {
      await create('a')
      const rest = { body, ...(type === undefined ? {} : { contentType: type }) }
      await expect(ask(method, `${path}${end}`, rest)).rejects.toMatchObject({
        name: 'KubeApiError',
        ...answer,
      })
    })

    it('merges a patch, and a null removes', async () => {
      await ask('POST', path, { body: { ...configMap({ name: 'a' }), data: { one: '1', two: '2' } } })
      const patched = await ask('PATCH', `${path}/a`, {
        body: { metadata: { annotations: { x: 'y' } }, data: { one: null, three: '3' } },
      })
      expect(patched).toMatchObject({ data: { two: '2', three: '3' }, metadata: { annotations: { x: 'y' } } })
      expect(patched['data']).not.toHaveProperty('one')
    })

    it('applies a JSON patch in order', async () => {
      await ask('POST', path, { body: { ...configMap({ name: 'a' }), data: { one: '1', two: '2' } } })
      const patched = await ask('PATCH', `${path}/a`, {
        contentType: 'application/json-patch+json',
        body: [
          { op: 'test', path: '/data/one', value: '1' },
          { op: 'remove', path: '/data/one' },
          { op: 'replace', path: '/data/two', value: 'II' },
          { op: 'add', path: '/metadata/annotations', value: {} },
          { op: 'add', path: '/metadata/annotations/a~1b', value: 'slash' },
        ],
      })
      expect(patched['data']).toEqual({ two: 'II' })
      expect(metadata(patched)['annotations']).toEqual({ 'a/b': 'slash' })
    })

    it('applies what is there or not', async () => {
      const apply = (data: object) =>
        ask('PATCH', `${path}/a?fieldManager=nsm-test`, {
          contentType: 'application/apply-patch+yaml',
          body: { ...configMap({ name: 'a' }), data },
        })
      expect(await apply({ k: '1' })).toMatchObject({ data: { k: '1' } })
      expect(await apply({ k: '2' })).toMatchObject({ data: { k: '2' } })
    })

    it('does not change the version when nothing changes', async () => {
      const made = await create('a')
      const same = await ask('PATCH', `${path}/a`, { body: {} })
      expect(metadata(same)['resourceVersion']).toBe(metadata(made)['resourceVersion'])
    })

    it('gives metadata alone on demand', async () => {
      await ask('POST', path, { body: { ...configMap({ name: 'a' }), data: { k: 'v' } } })
      const found = await ask('GET', `${path}/a`, { accept: metadataOnly })
      expect(found).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } })
      expect(found).not.toHaveProperty('data')
    })

    it('selects by label and by name', async () => {
      await create('a', { labels: { app: 'web' } })
      await create('b', {})
      const named = async (query: string) => namesOf(await ask('GET', `${path}?${query}`))
      expect(await named('labelSelector=app=web')).toEqual(['a'])
      expect(await named('labelSelector=app!=web')).toEqual(['b'])
      expect(await named('labelSelector=!app')).toEqual(['b'])
      expect(await named('fieldSelector=metadata.name=b')).toEqual(['b'])
    })

    it('ends a call whose signal is aborted with CANCELLED', async () => {
      await expect(ask('GET', path, { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'CANCELLED',
      })
    })

    it('watches: what is there, SYNCED, then changes in order', async () => {
      await create('a', {})
      const next = watch()
      expect([await next(), await next()]).toEqual(['ADDED ConfigMap a', 'SYNCED'])
      await create('b', {})
      await ask('PATCH', `${path}/b`, { body: { data: { k: 'v' } } })
      await ask('DELETE', `${path}/a`)
      expect([await next(), await next(), await next()]).toEqual([
        'ADDED ConfigMap b',
        'MODIFIED ConfigMap b',
        'DELETED ConfigMap a',
      ])
    })

    it('watches a selection: an object comes and goes with its label', async () => {
      const next = watch({ query: '?labelSelector=app=web' })
      expect(await next()).toBe('SYNCED')
      await create('a', {})
      const label = (app: string | null) =>
        ask('PATCH', `${path}/a`, { body: { metadata: { labels: { app } } } })
      await label('web')
      expect(await next()).toBe('ADDED ConfigMap a')
      await label(null)
      expect(await next()).toBe('DELETED ConfigMap a')
    })

    it('watches metadata alone', async () => {
      await create('a', {})
      const next = watch({ accept: metadataOnly })
      expect([await next(), await next()]).toEqual(['ADDED PartialObjectMetadata a', 'SYNCED'])
      await create('b', {})
      expect(await next()).toBe('ADDED PartialObjectMetadata b')
    })

    it('a watch that lost its connection misses nothing and repeats nothing', async () => {
      await create('a', {})
      const next = watch()
      expect([await next(), await next()]).toEqual(['ADDED ConfigMap a', 'SYNCED'])
      subject.disconnect()
      await create('b', {})
      expect(await next()).toBe('ADDED ConfigMap b')
    })

    it('a watch that must list again tells what changed and what vanished, then SYNCED', async () => {
      path = `${subject.namespace}/limitranges`
      const make = (object: string) =>
        ask('POST', path, { body: { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: object } } })
      for (const object of ['gone', 'kept', 'changed', 'replaced']) await make(object)
      const next = watch()
      for (let event = await next(); event !== 'SYNCED'; event = await next());
      await subject.cutOff(async () => {
        await ask('DELETE', `${path}/gone`)
        await ask('DELETE', `${path}/replaced`)
        await make('replaced')
        await ask('PATCH', `${path}/changed`, { body: { metadata: { annotations: { x: 'y' } } } })
        await make('new')
      })
      const told = []
      for (let event = await next(); event !== 'SYNCED'; event = await next()) told.push(event)
      expect(told.toSorted()).toEqual([
        'ADDED LimitRange new',
        'ADDED LimitRange replaced',
        'DELETED LimitRange gone',
        'DELETED LimitRange replaced',
        'MODIFIED LimitRange changed',
      ])
      expect(told.indexOf('DELETED LimitRange replaced')).toBeLessThan(
        told.indexOf('ADDED LimitRange replaced'),
      )
    })

    it('a watch ends when its signal aborts', async () => {
      const next = watch()
      expect(await next()).toBe('SYNCED')
      for (const end of watching) end.abort()
      expect(await next()).toBe('the end')
    })
  })
}

function configMap(meta: object): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta }
}

function metadata(object: JsonObject): JsonObject {
  return isObject(object['metadata']) ? object['metadata'] : {}
}

function namesOf(list: JsonObject): readonly unknown[] {
  const items: readonly unknown[] = Array.isArray(list['items']) ? list['items'] : []
  return items.filter(isObject).map(item => metadata(item)['name'])
}

/** The next event as text; ask before the change whose event it is. */
function follow(events: AsyncIterable<WatchEvent>): () => Promise<string> {
  const iterator = events[Symbol.asyncIterator]()
  return async () => {
    const { value, done } = await iterator.next()
    if (done === true) return 'the end'
    if (value.type === 'SYNCED') return 'SYNCED'
    return `${value.type} ${String(value.object['kind'])} ${String(metadata(value.object)['name'])}`
  }
}
