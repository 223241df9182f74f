import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { expect, it } from 'vitest'
import { EventSchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import { stepNumber, stepsOf } from './steps.ts'

function event(
  ms: number,
  step: string,
  fields: {
    readonly connectionId?: string
    readonly object?: string
    readonly attempt?: number
    readonly text?: string
  } = {},
) {
  return create(EventSchema, { time: timestampFromMs(ms), step, connectionId: 'c1', attempt: 1, ...fields })
}

const story = [
  event(1, 'pod-started', { connectionId: '', object: 'default/gateway' }),
  event(2, 'endpoint-registered', { connectionId: '', object: 'vpn-1', text: 'default/gateway offers vpn' }),
  event(2, 'endpoint-registered', { connectionId: '', object: 'other-1', text: 'default/other offers vpn' }),
  event(3, 'requested'),
  event(4, 'endpoint-selected', { object: 'vpn-1' }),
  event(5, 'endpoint-refused', { object: 'vpn-1' }),
  event(6, 'requested', { attempt: 2 }),
  event(7, 'requested', { attempt: 3 }),
  event(8, 'requested', { connectionId: 'c2' }),
]

it('stepsOf() puts the endpoint’s own steps before those of the connection, and leaves other connections out', () => {
  expect(stepsOf(story, 'c1').map(item => `${item.step}:${item.object}`)).toEqual([
    'pod-started:default/gateway',
    'endpoint-registered:vpn-1',
    'requested:',
    'endpoint-selected:vpn-1',
    'endpoint-refused:vpn-1',
    'requested:',
  ])
})

it('stepsOf() shows the first and the last run of a request that is repeated', () => {
  expect(
    stepsOf(story, 'c1')
      .map(item => item.attempt)
      .at(-1),
  ).toBe(3)
})

it('stepNumber() is empty for what lies outside the ten steps', () => {
  expect([stepNumber('requested'), stepNumber('client-interface'), stepNumber('closed')]).toEqual([
    '3',
    '10',
    '',
  ])
})
