import { create } from '@bufbuild/protobuf'
import { timestampNow } from '@bufbuild/protobuf/wkt'
import { expect, it } from 'vitest'
import { begin } from '#sdk/chain/begin.ts'
import { service } from '#sdk/chain/chain.ts'
import { NsmError } from '#sdk/errors.ts'
import { ConnectionSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { CrossConnectSchema } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { PodSchema } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { NetworkServiceEndpointSchema } from '#sdk/wire/gen/registry/registry_pb.ts'
import { closableAgain } from './closable-again.ts'
import { Connections } from './connections.ts'
import { type ManagerRequest, requestOf, type Wired } from './request.ts'

function exampleWired(): Wired {
  const pod = create(PodSchema, { uid: 'u1', name: 'client', namespace: 'default' })
  return {
    id: 'c1',
    caller: { kind: 'pod', pod, netns: { cookie: 1n } },
    connection: create(ConnectionSchema, { id: 'c1' }),
    crossConnect: create(CrossConnectSchema, { id: 'c1' }),
    endpoint: { endpoint: create(NetworkServiceEndpointSchema), pod, pid: 1, node: 'node-1', workspace: 'w' },
    forwarder: 'kernel-forwarder',
    created: timestampNow(),
    setupMicros: 0n,
  }
}

function connectionsWithFullDisk(wired: Wired): { connections: Connections; disk: { full: boolean } } {
  const disk = { full: true }
  const connections = new Connections({
    all: () => [wired],
    unread: () => new Set(),
    put: () => undefined,
    remove: () => {
      if (disk.full) throw new NsmError('STORAGE', 'disk is full')
    },
  })
  return { connections, disk }
}

it('remove() keeps a connection that the journal could not forget', () => {
  const wired = exampleWired()
  const { connections } = connectionsWithFullDisk(wired)
  expect(() => connections.remove(wired.id)).toThrow('disk is full')
  expect(connections.get(wired.id)).toBe(wired)
})

it('close() of closableAgain() can be repeated until the journal has forgotten the connection', async () => {
  const wired = exampleWired()
  const { connections, disk } = connectionsWithFullDisk(wired)
  const steps = service<ManagerRequest, Wired>({
    request: () => Promise.resolve(wired),
    close: async ({ id }) => connections.remove(id),
  })
  const chain = closableAgain(begin(steps, { idOf: ({ id }) => id }), connections)
  chain.adopt(wired.id, requestOf(wired), wired)
  const { signal } = new AbortController()
  await expect(chain.close(wired.id, signal)).rejects.toMatchObject({ code: 'STORAGE' })
  disk.full = false
  await chain.close(wired.id, signal)
  expect(connections.list()).toEqual([])
})
