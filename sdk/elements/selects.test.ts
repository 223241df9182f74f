import { create } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { ConnectionSchema, MonitorScopeSelectorSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { selects } from './selects.ts'

const connection = create(ConnectionSchema, {
  id: 'c1',
  networkService: 'web',
  path: {
    pathSegments: [
      { name: 'client', id: 'c1' },
      { name: 'manager', id: 'm1' },
      { name: 'endpoint', id: 'e1' },
    ],
  },
})

it.each([
  { story: 'says nothing', selector: {}, selected: true },
  { story: 'names the service', selector: { networkServices: ['dns', 'web'] }, selected: true },
  { story: 'names another service', selector: { networkServices: ['dns'] }, selected: false },
  { story: 'has one segment of the path', selector: { pathSegments: [{ id: 'm1' }] }, selected: true },
  {
    story: 'has a run of segments',
    selector: { pathSegments: [{ name: 'manager' }, { id: 'e1' }] },
    selected: true,
  },
  {
    story: 'has the segments with a gap',
    selector: { pathSegments: [{ name: 'client' }, { id: 'e1' }] },
    selected: false,
  },
  {
    story: 'runs past the end of the path',
    selector: { pathSegments: [{ name: 'endpoint' }, {}] },
    selected: false,
  },
  {
    story: 'names the service and a segment that is not on the path',
    selector: { networkServices: ['web'], pathSegments: [{ id: 'x' }] },
    selected: false,
  },
])('selects() gives $selected when the selector $story', ({ selector, selected }) => {
  expect(selects(create(MonitorScopeSelectorSchema, selector), connection)).toBe(selected)
})
