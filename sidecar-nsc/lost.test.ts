import { create } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { ConnectionEventSchema, ConnectionEventType, State } from '#sdk/wire/gen/connection/connection_pb.ts'
import { lostOf } from './lost.ts'

const { INITIAL_STATE_TRANSFER, UPDATE, DELETE } = ConnectionEventType
const { UP, DOWN, RESELECT_REQUESTED } = State

it.each([
  { story: 'a first event that has both', type: INITIAL_STATE_TRANSFER, states: { a: UP, b: UP }, lost: [] },
  { story: 'a first event that lacks one', type: INITIAL_STATE_TRANSFER, states: { a: UP }, lost: ['b'] },
  {
    story: 'a first event with one down',
    type: INITIAL_STATE_TRANSFER,
    states: { a: DOWN, b: UP },
    lost: ['a'],
  },
  { story: 'a first event with nothing', type: INITIAL_STATE_TRANSFER, states: {}, lost: ['a', 'b'] },
  { story: 'an update of one', type: UPDATE, states: { a: UP }, lost: [] },
  { story: 'an update of one that is down', type: UPDATE, states: { b: DOWN }, lost: ['b'] },
  {
    story: 'an update that asks to choose anew',
    type: UPDATE,
    states: { b: RESELECT_REQUESTED },
    lost: ['b'],
  },
  { story: 'a deletion', type: DELETE, states: { b: UP }, lost: ['b'] },
  { story: 'a deletion of somebody else’s', type: DELETE, states: { c: UP }, lost: [] },
])('lostOf() gives $lost after $story', ({ type, states, lost }) => {
  const connections = Object.fromEntries(Object.entries(states).map(([id, state]) => [id, { id, state }]))
  expect(lostOf(create(ConnectionEventSchema, { type, connections }), ['a', 'b'])).toEqual(lost)
})

it('lostOf() knows a connection by the path when the manager has an id of its own for it', () => {
  const path = { index: 1, pathSegments: [{ id: 'a' }, { id: 'own' }] }
  const event = create(ConnectionEventSchema, { type: DELETE, connections: { own: { id: 'own', path } } })
  expect(lostOf(event, ['a', 'b'])).toEqual(['a'])
})
