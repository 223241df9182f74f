import { create } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { begin } from '#sdk/chain/begin.ts'
import { service } from '#sdk/chain/chain.ts'
import { silent } from '#sdk/log.ts'
import { ConnectionEventSchema, ConnectionEventType } from '#sdk/wire/gen/connection/connection_pb.ts'
import { Agent } from './agent.ts'
import { Connections } from './connections.ts'
import { Events } from './events.ts'
import { Monitor } from './monitor.ts'
import { PeerHearing } from './peer-hearing.ts'
import type { ManagerRequest, Wired } from './request.ts'

it.each([
  { name: 'nobody here knows', unread: new Set<string>(), orphans: ['c1', 'c2'] },
  { name: 'the journal has, but unreadable', unread: new Set(['c2']), orphans: ['c1'] },
  { name: 'a newer version may know', unread: 'any' as const, orphans: [] },
])('another node is told to close what it has that $name: $orphans', ({ unread, orphans }) => {
  const connections = new Connections({
    all: () => [],
    unread: () => unread,
    put: () => undefined,
    remove: () => undefined,
  })
  const never = () => Promise.reject(new Error('nothing is asked for'))
  const agent = new Agent({
    chain: begin(service<ManagerRequest, Wired>({ request: never, close: never }), { idOf: ({ id }) => id }),
    connections,
    monitor: new Monitor(connections),
    events: new Events('here', { all: () => [], append: () => undefined }),
    log: silent,
  })
  const hearing = new PeerHearing({
    node: 'here',
    peer: 'there',
    connections,
    agent,
    isBusy: () => false,
  })
  const connectionOf = (id: string) => ({
    id,
    path: { pathSegments: [{ name: 'client' }, { name: 'here' }, { name: 'there' }] },
  })
  const heard = hearing.hear(
    create(ConnectionEventSchema, {
      type: ConnectionEventType.INITIAL_STATE_TRANSFER,
      connections: { c1: connectionOf('c1'), c2: connectionOf('c2') },
    }),
  )
  expect(heard.map(({ id }) => id)).toEqual(orphans)
})
