import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { ConnectionSchema, type PathSegment } from '#sdk/wire/gen/connection/connection_pb.ts'
import { enterPath, extendPath, leavePath, scopedId } from './path.ts'

const hop = { caller: 'client', name: 'node-1', id: 'own' }

function named(segments: readonly PathSegment[] | undefined): readonly string[] {
  return segments?.map(({ name, id }) => `${name}/${id}`) ?? []
}

describe('enterPath', () => {
  it('enterPath() begins the path with the caller when it is empty', () => {
    const entered = enterPath(create(ConnectionSchema, { id: 'c1' }), hop)
    expect(entered).toMatchObject({ id: 'own', path: { index: 1 } })
    expect(named(entered.path?.pathSegments)).toEqual(['client/c1', 'node-1/own'])
  })

  it.each([
    {
      story: 'keeps the segments beyond when the next one is ours',
      next: 'node-1',
      segments: ['client/c1', 'node-1/own', 'far/x'],
    },
    { story: 'drops them when it is another’s', next: 'node-9', segments: ['client/c1', 'node-1/own'] },
  ])('enterPath() $story', ({ next, segments }) => {
    const pathSegments = [
      { name: 'client', id: 'c1' },
      { name: next, id: 'old' },
      { name: 'far', id: 'x' },
    ]
    const entered = enterPath(create(ConnectionSchema, { id: 'c1', path: { index: 0, pathSegments } }), hop)
    expect(named(entered.path?.pathSegments)).toEqual(segments)
  })

  it('enterPath() refuses a connection whose id is not that of the caller’s segment', () => {
    const connection = create(ConnectionSchema, {
      id: 'c1',
      path: { index: 0, pathSegments: [{ name: 'client', id: 'c2' }] },
    })
    expect(() => enterPath(connection, hop)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }))
  })
})

it('leavePath() gives the caller its own id and index back, and the whole path', () => {
  const entered = enterPath(create(ConnectionSchema, { id: 'c1' }), hop)
  const left = leavePath(
    extendPath(entered, {
      ...entered,
      path: {
        ...entered.path,
        pathSegments: [...(entered.path?.pathSegments ?? []), { name: 'far', id: 'x' }],
      },
    } as typeof entered),
  )
  expect(left).toMatchObject({ id: 'c1', path: { index: 0 } })
  expect(named(left.path?.pathSegments)).toEqual(['client/c1', 'node-1/own', 'far/x'])
})

it('extendPath() does not let a reply rewrite the way that led to us', () => {
  const entered = enterPath(create(ConnectionSchema, { id: 'c1' }), hop)
  const reply = create(ConnectionSchema, {
    id: 'own',
    path: {
      index: 1,
      pathSegments: [
        { name: 'evil', id: 'e' },
        { name: 'evil', id: 'e' },
        { name: 'far', id: 'x' },
      ],
    },
  })
  expect(named(extendPath(entered, reply).path?.pathSegments)).toEqual(['client/c1', 'node-1/own', 'far/x'])
})

it('scopedId() depends on the caller and its id, and not on how they are joined', () => {
  expect(scopedId('a', 'b')).toBe(scopedId('a', 'b'))
  expect(new Set([scopedId('a', 'b'), scopedId('ab', ''), scopedId('', 'ab'), scopedId('b', 'a')]).size).toBe(
    4,
  )
  expect(scopedId('a', 'b')).toMatch(/^[0-9a-f]{16}$/)
})
