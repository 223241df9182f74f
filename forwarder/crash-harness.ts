/** For tests: a forwarder that is killed at a chosen request, and the next life of it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { build } from 'esbuild'
import { type Channel, dial } from '#sdk/rpc/dial.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { type CrossConnect, MonitorCrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { Forwarder } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import type { Answer, Order } from './crash-child.ts'

/** What the manager asks of a forwarder. */
export type Act = (forwarder: ReturnType<typeof clientOf>) => Promise<unknown>

/** Lives of a forwarder, one after the other. */
export interface Lives extends AsyncDisposable {
  /** Performs an act with the living forwarder, which begins to live if there is none; its requests to the kernel. */
  perform(act: Act): Promise<Answer['sent']>
  /** Kills the forwarder after it has sent so many requests of an act. */
  killWithin(act: Act, after: number): Promise<void>
  /** Kills the forwarder after it has sent so many requests of its start; `no` when it needs fewer. */
  killAtStart(after: number): Promise<'yes' | 'no'>
  /** As a manager that a forwarder has registered with: hears what there is, closes what it does not want, requests what it wants. */
  settle(wanted: readonly CrossConnect[]): Promise<void>
}

export async function newLives(folder: string): Promise<Lives> {
  const script = `${process.cwd()}/dist/test/crash-child.js`
  // Loading one file is three times as fast as loading a hundred, and there are hundreds of lives.
  await build({
    entryPoints: ['forwarder/crash-child.ts'],
    outfile: script,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    external: ['koffi'],
    banner: {
      js: "import { createRequire as nsmRequire } from 'node:module'; const require = nsmRequire(import.meta.url);",
    },
  })
  const begin = () => fork(script, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  // One more than is needed, so that it loads while the other works.
  const waiting = [begin(), begin()]
  let living: { readonly child: ChildProcess; readonly channel: Channel } | undefined
  let lives = 0

  function next(): ChildProcess {
    waiting.push(begin())
    const child = waiting.shift()
    if (child === undefined) throw new Error('nobody waits')
    return child
  }

  async function live(): Promise<NonNullable<typeof living>> {
    if (living !== undefined) return living
    const child = next()
    const address: Address = `unix://${folder}/forwarder-${++lives}.sock`
    await told(child, { order: 'serve', address })
    living = { child, channel: dial(address) }
    return living
  }

  async function buried(): Promise<void> {
    const { child, channel } = await live()
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    await channel[Symbol.asyncDispose]()
    living = undefined
  }

  return {
    async perform(act) {
      const { child, channel } = await live()
      await told(child, { order: 'die', after: Number.POSITIVE_INFINITY })
      await act(clientOf(channel))
      return (await told(child, { order: 'count' })).sent
    },
    async killWithin(act, after) {
      const { child, channel } = await live()
      await told(child, { order: 'die', after })
      await act(clientOf(channel)).catch(() => undefined)
      await buried()
    },
    async killAtStart(after) {
      if (living !== undefined) await buried()
      const child = next()
      await told(child, { order: 'die', after })
      const exit = once(child, 'exit').then(() => 'yes' as const)
      const address: Address = `unix://${folder}/forwarder-${++lives}.sock`
      child.send({ order: 'serve', address } satisfies Order)
      const outcome = await Promise.race([exit, once(child, 'message').then(() => 'no' as const)])
      if (outcome === 'no') {
        child.kill('SIGKILL')
        await exit
      }
      return outcome
    },
    async settle(wanted) {
      const { channel } = await live()
      const forwarder = clientOf(channel)
      const ids = new Set(wanted.map(({ id }) => id))
      for await (const { crossConnects } of channel.client(MonitorCrossConnect).monitorCrossConnects({})) {
        for (const known of Object.values(crossConnects)) if (!ids.has(known.id)) await forwarder.close(known)
        break
      }
      for (const crossConnect of wanted) await forwarder.request(crossConnect)
    },
    async [Symbol.asyncDispose]() {
      for (const child of waiting) child.kill('SIGKILL')
      if (living !== undefined) await buried()
    },
  }
}

function clientOf(channel: Channel) {
  return channel.client(Forwarder)
}

async function told(child: ChildProcess, order: Order): Promise<Answer> {
  const stop = new AbortController()
  const { signal } = stop
  const gone = once(child, 'exit', { signal }).then(() => {
    throw new Error(`the forwarder ended when it was told to ${order.order}`)
  })
  const answer = once(child, 'message', { signal })
  child.send(order)
  try {
    const [heard] = await Promise.race([answer, gone])
    return heard
  } finally {
    for (const wait of [answer, gone]) wait.catch(() => undefined)
    stop.abort()
  }
}
