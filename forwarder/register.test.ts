import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '#kernel/scratch.ts'
import { keepRegistered } from '#sdk/forwarder/keep-registered.ts'
import { type Log, silent } from '#sdk/log.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { mechanismsOf } from './mechanisms.ts'
import { type Registrar, serveRegistrar } from './registrar.ts'

let owned: AsyncDisposableStack
let address: Address
let stop: AbortController
let warnings: string[]

beforeEach(() => {
  owned = new AsyncDisposableStack()
  address = `unix://${owned.use(temporaryFolder()).path}/registrar.sock`
  stop = new AbortController()
  warnings = []
})

afterEach(() => owned.disposeAsync())

function start(): Promise<void> {
  const log: Log = { ...silent, warn: (_fields, message) => void warnings.push(message) }
  const registration = {
    registrar: address,
    request: {
      forwarderName: 'kernel-forwarder',
      forwarderSocket: '/run/fwd.sock',
      mechanisms: mechanismsOf(),
      labels: { speed: 'high' },
    },
  }
  const registered = keepRegistered(registration, stop.signal, log)
  owned.defer(async () => {
    stop.abort()
    await registered
  })
  return registered
}

async function registrar(refusals = 0): Promise<Registrar> {
  return owned.use(await serveRegistrar(address, refusals))
}

test('keepRegistered() tells name, socket, mechanisms and labels', async () => {
  const manager = await registrar()
  void start()
  expect(await manager.nextRegistration()).toMatchObject({
    forwarderName: 'kernel-forwarder',
    forwarderSocket: '/run/fwd.sock',
    labels: { speed: 'high' },
    mechanisms: { localMechanisms: [{ type: 'KERNEL' }, { type: 'KERNEL_INTERFACE' }] },
  })
})

test('keepRegistered() waits for a manager that is not there yet', async () => {
  void start()
  await expect.poll(() => warnings).toEqual([expect.stringContaining('the socket is not there')])
  const manager = await registrar()
  expect(await manager.nextRegistration()).toMatchObject({ forwarderName: 'kernel-forwarder' })
})

test('keepRegistered() registers again when the manager restarts', async () => {
  const first = await registrar()
  void start()
  await first.nextRegistration()
  await first[Symbol.asyncDispose]()
  const second = await registrar()
  expect(await second.nextRegistration()).toMatchObject({ forwarderName: 'kernel-forwarder' })
})

test('keepRegistered() asks again after a refusal, which it logs once', async () => {
  const manager = await registrar(2)
  void start()
  await manager.nextRegistration()
  expect(warnings).toEqual(['not registered with the manager: another forwarder has that name'])
})

test('keepRegistered() ends the liveness stream when it is told to stop', async () => {
  const manager = await registrar()
  const registered = start()
  await manager.nextRegistration()
  stop.abort()
  await registered
  expect(await manager.nextLoss()).toBe('lost')
})
