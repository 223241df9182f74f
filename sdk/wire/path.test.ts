import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import { ConnectionSchema } from './gen/connection/connection_pb.ts'
import { enterPath, leavePath } from './path.ts'

const hop = { name: 'manager', newId: () => 'new' }

interface Row {
  readonly name: string
  readonly id: string
  readonly path?: MessageInitShape<typeof ConnectionSchema>['path']
  /** `name/id` of each segment, then the index and the id of the connection. */
  readonly gives: { readonly segments: readonly string[]; readonly index: number; readonly id: string }
  readonly caller: { readonly id: string; readonly index: number }
}

const client = { name: 'client', id: 'c1' }
const manager = { name: 'manager', id: 'm1' }
const endpoint = { name: 'endpoint', id: 'e1' }

const rows: readonly Row[] = [
  {
    name: 'takes the id of a caller without a path',
    id: 'c1',
    gives: { segments: ['manager/c1'], index: 0, id: 'c1' },
    caller: { id: 'c1', index: 0 },
  },
  {
    name: 'makes an id for a caller with neither path nor id',
    id: '',
    gives: { segments: ['manager/new'], index: 0, id: 'new' },
    caller: { id: 'new', index: 0 },
  },
  {
    name: 'appends itself with a new id to the path of a first request',
    id: 'c1',
    path: { index: 0, pathSegments: [client] },
    gives: { segments: ['client/c1', 'manager/new'], index: 1, id: 'new' },
    caller: { id: 'c1', index: 0 },
  },
  {
    name: 'takes up its segment of an earlier request and keeps those behind it',
    id: 'c1',
    path: { index: 0, pathSegments: [client, manager, endpoint] },
    gives: { segments: ['client/c1', 'manager/m1', 'endpoint/e1'], index: 1, id: 'm1' },
    caller: { id: 'c1', index: 0 },
  },
  {
    name: 'takes over the segment of another hop with a new id',
    id: 'c1',
    path: { index: 0, pathSegments: [client, { name: 'old-manager', id: 'o1', token: 'secret' }, endpoint] },
    gives: { segments: ['client/c1', 'manager/new', 'endpoint/e1'], index: 1, id: 'new' },
    caller: { id: 'c1', index: 0 },
  },
  {
    name: 'stays on the current segment when that is its own',
    id: 'whatever',
    path: { index: 1, pathSegments: [client, manager] },
    gives: { segments: ['client/c1', 'manager/m1'], index: 1, id: 'm1' },
    caller: { id: 'm1', index: 1 },
  },
]

describe('enterPath()', () => {
  it.each(rows)('$name', ({ id, path, gives, caller }) => {
    const entered = enterPath(create(ConnectionSchema, { id, ...(path === undefined ? {} : { path }) }), hop)
    const { connection } = entered
    const segments = connection.path?.pathSegments.map(segment => `${segment.name}/${segment.id}`)
    expect({ segments, index: connection.path?.index, id: connection.id }).toEqual(gives)
    expect(entered.caller).toEqual(caller)
  })

  it('forgets the token of a hop that it takes over', () => {
    const path = { index: 0, pathSegments: [client, { name: 'old', id: 'o1', token: 'secret' }] }
    const { connection } = enterPath(create(ConnectionSchema, { id: 'c1', path }), hop)
    expect(connection.path?.pathSegments[1]?.token).toBe('')
  })

  it('leaves the message that it was given as it was', () => {
    const given = create(ConnectionSchema, { id: 'c1', path: { index: 0, pathSegments: [client] } })
    const copy = structuredClone(given)
    enterPath(given, hop)
    expect(given).toEqual(copy)
  })

  it.each([
    { name: 'the id is not that of the current segment', id: 'c2', index: 0 },
    { name: 'the index is outside the path', id: 'c1', index: 1 },
  ])('throws BAD_INPUT when $name', ({ id, index }) => {
    const connection = create(ConnectionSchema, { id, path: { index, pathSegments: [client] } })
    expect(() => enterPath(connection, hop)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }))
    expect(() => enterPath(connection, hop)).toThrow(NsmError)
  })
})

describe('leavePath()', () => {
  const entered = enterPath(
    create(ConnectionSchema, { id: 'c1', path: { index: 0, pathSegments: [client] } }),
    hop,
  )

  it('restores the id and the index of the caller and keeps the whole path', () => {
    const path = { index: 1, pathSegments: [client, { name: 'manager', id: 'new' }, endpoint] }
    const left = leavePath(create(ConnectionSchema, { id: 'new', payload: 'IP', path }), entered)
    expect(left).toEqual(create(ConnectionSchema, { id: 'c1', payload: 'IP', path: { ...path, index: 0 } }))
  })

  it('uses the path of the request when the reply has none', () => {
    const left = leavePath(create(ConnectionSchema, { id: 'new' }), entered)
    expect(left.path?.pathSegments.map(({ id }) => id)).toEqual(['c1', 'new'])
    expect(left.path?.index).toBe(0)
  })

  it('gives a second request the same segments as the first', () => {
    const reply = leavePath(entered.connection, entered)
    expect(enterPath(reply, hop)).toEqual(entered)
  })
})
