import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { areExactly, type Privileges, readPrivileges } from '#kernel/capabilities.ts'
import { createNetns } from '#kernel/netns.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import { dial } from '#sdk/rpc/dial.ts'
import { Forwarder } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import { exampleCrossConnect } from './example.ts'
import { capabilities } from './privileges.ts'
import { type Registrar, serveRegistrar } from './registrar.ts'

describe('the privileges of the program', () => {
  let owned: AsyncDisposableStack
  let base: string
  let registrar: Registrar

  beforeEach(async () => {
    owned = new AsyncDisposableStack()
    base = owned.use(temporaryFolder()).path
    registrar = owned.use(await serveRegistrar(`unix://${base}/nsm.forwarder-registrar.io.sock`))
  })

  afterEach(() => owned.disposeAsync())

  function start(...within: readonly string[]): ChildProcess {
    const [command, ...args] = [...within, process.execPath, 'forwarder/main.ts']
    const env = { ...process.env, NSM_BASEDIR: base, LOG_LEVEL: 'error' }
    const child = spawn(command, args, { env, stdio: ['ignore', 'inherit', 'pipe'] })
    const exit = once(child, 'exit')
    owned.defer(async () => {
      child.kill('SIGKILL')
      await exit
    })
    return child
  }

  test('are the four capabilities and no way to more, in every thread, while it wires and unwires', async () => {
    expect(readPrivileges().canGain).toBe('yes')
    const { pid = 0 } = start()
    const { forwarderSocket } = await registrar.nextRegistration()
    await using channel = dial(`unix://${forwarderSocket}`)
    const source = { name: 'nsm0', netns: owned.use(createNetns(`${base}/client`)) }
    const destination = { name: 'nsm0-nse', netns: owned.use(createNetns(`${base}/endpoint`)) }
    await channel.client(Forwarder).request(exampleCrossConnect({ source, destination }))
    // The first removal starts the threads of libuv's pool.
    await channel.client(Forwarder).close({ id: 'x1' })
    const threads = privilegesOfThreads(pid)
    expect(threads.length).toBeGreaterThan(8)
    expect(threads.filter(each => !areExactly(each, capabilities))).toEqual([])
    expect(threads.filter(({ bounding, permitted }) => bounding !== permitted)).toEqual([])
  })

  test.each(capabilities)('are too few without %s, which it says before it serves', async name => {
    const child = start('setpriv', `--bounding-set=-${name.toLowerCase()}`)
    const [said, [code]] = await Promise.all([child.stderr?.toArray(), once(child, 'exit')])
    expect(Buffer.concat(said ?? []).toString()).toMatch(
      new RegExp(`lacks CAP_${name}; run it as root, or give its container NET_ADMIN, .* \\[KERNEL\\]`),
    )
    expect(code).not.toBe(0)
  })

  test('are all named when none is there', async () => {
    // Neither root nor ambient: execve(2) takes all of them away.
    const child = start('setpriv', '--reuid=0', '--securebits=+noroot')
    const [said] = await Promise.all([child.stderr?.toArray(), once(child, 'exit')])
    expect(Buffer.concat(said ?? []).toString()).toContain(
      'lacks CAP_NET_ADMIN, CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_NET_BROADCAST',
    )
  })

  test('are kept by a user other than root, who has them as ambient capabilities', async () => {
    const four = capabilities.map(name => `+${name.toLowerCase()}`).join(',')
    const { pid = 0 } = start(
      'setpriv',
      '--securebits=+noroot',
      `--inh-caps=${four}`,
      `--ambient-caps=${four}`,
    )
    await registrar.nextRegistration()
    expect(privilegesOfThreads(pid).filter(each => !areExactly(each, capabilities))).toEqual([])
  })
})

function privilegesOfThreads(pid: number): readonly Privileges[] {
  return readdirSync(`/proc/${pid}/task`).map(task => readPrivileges(`/proc/${pid}/task/${task}/status`))
}
