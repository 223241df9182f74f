import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { ConnectionSchema, MonitorScopeSelectorSchema } from './gen/connection/connection_pb.ts'
import { selectorMatches } from './selector.ts'

const connection = create(ConnectionSchema, {
  networkService: 'web',
  path: {
    pathSegments: [
      { name: 'client', id: 'c1', token: 't' },
      { name: 'manager', id: 'm1' },
      { name: 'endpoint', id: 'e1' },
    ],
  },
})

interface Row {
  readonly name: string
  readonly selector: MessageInitShape<typeof MonitorScopeSelectorSchema>
  readonly matches: boolean
}

const rows: readonly Row[] = [
  { name: 'nothing is asked for', selector: {}, matches: true },
  { name: 'its service is one of those named', selector: { networkServices: ['dns', 'web'] }, matches: true },
  { name: 'its service is not named', selector: { networkServices: ['dns'] }, matches: false },
  {
    name: 'the first segment is given',
    selector: { pathSegments: [{ name: 'client', id: 'c1' }] },
    matches: true,
  },
  { name: 'only an id in the middle is given', selector: { pathSegments: [{ id: 'm1' }] }, matches: true },
  { name: 'only a token is given', selector: { pathSegments: [{ token: 't' }] }, matches: true },
  {
    name: 'an id belongs to another name',
    selector: { pathSegments: [{ name: 'client', id: 'm1' }] },
    matches: false,
  },
  {
    name: 'a run to the end is given',
    selector: { pathSegments: [{ id: 'm1' }, { id: 'e1' }] },
    matches: true,
  },
  {
    name: 'the segments leave one out',
    selector: { pathSegments: [{ id: 'c1' }, { id: 'e1' }] },
    matches: false,
  },
  {
    name: 'the segments are turned round',
    selector: { pathSegments: [{ id: 'm1' }, { id: 'c1' }] },
    matches: false,
  },
  { name: 'the run is longer than the path', selector: { pathSegments: [{}, {}, {}, {}] }, matches: false },
  { name: 'one segment of wildcards is given', selector: { pathSegments: [{}] }, matches: true },
  {
    name: 'the service fits and the segment does not',
    selector: { networkServices: ['web'], pathSegments: [{ id: 'x' }] },
    matches: false,
  },
]

it.each(rows)('selectorMatches() gives $matches when $name', ({ selector, matches }) => {
  expect(selectorMatches(create(MonitorScopeSelectorSchema, selector), connection)).toBe(matches)
})

it('selectorMatches() gives false when segments are asked for and the connection has no path', () => {
  const selector = create(MonitorScopeSelectorSchema, { pathSegments: [{}] })
  expect(selectorMatches(selector, create(ConnectionSchema))).toBe(false)
})
