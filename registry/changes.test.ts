import { create } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { NetworkServiceSchema } from '#sdk/wire/gen/registry/registry_pb.ts'
import { RegistryChanges } from './changes.ts'
import { memoryRegistry } from './memory.ts'

const service = { namespace: 'default', service: create(NetworkServiceSchema, { name: 'vpn' }) }

it('RegistryChanges tells of a change that came before the question, and only once', async () => {
  const registry = memoryRegistry()
  using changes = new RegistryChanges(registry)
  await registry.services.put(service)
  expect(await changes.next(new AbortController().signal)).toBe('yes')
  expect(await changes.next(AbortSignal.abort())).toBe('no')
})

it('RegistryChanges wakes who waits when something changes', async () => {
  const registry = memoryRegistry()
  using changes = new RegistryChanges(registry)
  const waiting = changes.next(new AbortController().signal)
  await registry.services.put(service)
  expect(await waiting).toBe('yes')
})

it('RegistryChanges gives up when the signal is aborted', async () => {
  using changes = new RegistryChanges(memoryRegistry())
  const patience = new AbortController()
  const waiting = changes.next(patience.signal)
  patience.abort()
  expect(await waiting).toBe('no')
})
