import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createNetns, type Netns } from '#kernel/netns.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import { dial } from '#sdk/rpc/dial.ts'
import { MonitorCrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { Forwarder } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import { exampleCrossConnect } from './example.ts'
import { type Registrar, serveRegistrar } from './registrar.ts'

describe('the program', () => {
  let owned: AsyncDisposableStack
  let base: string
  let client: Netns
  let endpoint: Netns
  let registrar: Registrar

  beforeEach(async () => {
    owned = new AsyncDisposableStack()
    base = owned.use(temporaryFolder()).path
    client = owned.use(createNetns(`${base}/client`))
    endpoint = owned.use(createNetns(`${base}/endpoint`))
    registrar = owned.use(await serveRegistrar(`unix://${base}/nsm.forwarder-registrar.io.sock`))
  })

  afterEach(() => owned.disposeAsync())

  function start(): ChildProcess {
    const env = { ...process.env, NSM_BASEDIR: base, LOG_LEVEL: 'error' }
    const child = spawn(process.execPath, ['forwarder/main.ts'], {
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    owned.defer(async () => void (await stopped(child, 'SIGKILL')))
    return child
  }

  const crossConnect = () =>
    exampleCrossConnect({
      source: { name: 'nsm0', netns: client },
      destination: { name: 'nsm0-nse', netns: endpoint },
    })

  test('adopts what it had wired when it is killed and started again', async () => {
    const first = start()
    const { forwarderSocket } = await registrar.nextRegistration()
    expect(forwarderSocket).toBe(`${base}/nsm-kernel-forwarder.forwarder.sock`)
    await using before = dial(`unix://${forwarderSocket}`)
    await before.client(Forwarder).request(crossConnect())
    await stopped(first, 'SIGKILL')

    start()
    await registrar.nextRegistration()
    await using after = dial(`unix://${forwarderSocket}`)
    for await (const { crossConnects } of after.client(MonitorCrossConnect).monitorCrossConnects({})) {
      expect(Object.keys(crossConnects)).toContain('x1')
      break
    }
    await after.client(Forwarder).request(crossConnect())
    await after.client(Forwarder).close({ id: 'x1' })
  })

  test('ends well, and leaves no socket, when it is asked to', async () => {
    const child = start()
    const { forwarderSocket } = await registrar.nextRegistration()
    expect(await stopped(child, 'SIGTERM')).toBe(0)
    expect(await registrar.nextLoss()).toBe('lost')
    expect(existsSync(forwarderSocket)).toBe(false)
  })
})

/** The exit code. */
async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
  return child.exitCode
}
