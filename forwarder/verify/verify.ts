import { netlinkKernel } from '#kernel/netlink.ts'
import { NsmError } from '#sdk/errors.ts'
import { type Channel, dial } from '#sdk/rpc/dial.ts'
import { MonitorCrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { Forwarder, MechanismsMonitor } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import { checks } from './checks.ts'
import { claimsOf } from './claims.ts'
import type { Clients, Ground } from './ground.ts'
import { placeOf } from './place.ts'
import { newPods } from './pods.ts'
import { startProgram } from './program.ts'
import { openRegistrar } from './registrar.ts'
import { type Result, runChecks } from './run-checks.ts'

/** Which forwarder, and how to look at it. */
export interface VerifyOptions {
  /** Path of the socket that it serves. */
  readonly socket: string
  /** How to start it; empty for one that runs. */
  readonly command: readonly string[]
  /** Where to serve a registrar for it; undefined serves none. */
  readonly registrar?: string
  /** External networks that it joins pods to, where it does not say so itself. */
  readonly networks: readonly string[]
  /** Part of the names of the checks to run; undefined runs all. */
  readonly only?: string
  readonly format: 'lines' | 'json'
}

/**
 * Holds a forwarder to its contract and writes what came of each check. Throws BAD_USAGE, DENIED, SOCKET_MISSING when it
 * cannot be done from here, CANCELLED after an abort.
 */
export async function verify(
  options: VerifyOptions,
  signal: AbortSignal,
  write: (text: string) => void,
): Promise<'clean' | 'failed'> {
  const { socket, command, registrar, networks, only = '', format } = options
  await using owned = new AsyncDisposableStack()
  const pods = owned.use(newPods())
  const open = registrar === undefined ? undefined : owned.use(await openRegistrar(registrar))
  const program = command.length === 0 ? undefined : owned.use(await startProgram(command, socket))
  const place = await placeOf(socket, pods)
  const kernel = owned.use(netlinkKernel())
  const registrarView = await open?.first()
  let channel = dial(`unix://${socket}`)
  owned.defer(() => channel[Symbol.asyncDispose]())
  const ground: Ground = {
    clients: () => clientsOf(channel),
    kernel,
    addPod: pods.add,
    removePod: pods.remove,
    ...(place === undefined ? {} : { own: place }),
    ...(registrarView === undefined ? {} : { registrar: registrarView }),
    ...(program === undefined
      ? {}
      : {
          restart: async () => {
            await channel[Symbol.asyncDispose]()
            await program.restart()
            channel = dial(`unix://${socket}`)
          },
        }),
  }
  const clients = ground.clients()
  const claims = await claimsOf({ clients, networks, registration: registrarView?.registration })
  if (format === 'lines') write(`${socket} says that it joins ${claimText(claims)}\n`)
  const chosen = checks.filter(({ name }) => name.includes(only))
  const results: Result[] = []
  for await (const result of runChecks(chosen, ground, claims)) {
    if (signal.aborted) throw new NsmError('CANCELLED', `verifying ${socket}: stopped`)
    results.push(result)
    if (format === 'lines') write(lineOf(result))
  }
  const count = (outcome: Result['outcome']): number =>
    results.filter(result => result.outcome === outcome).length
  const [passed, failed, skipped] = [count('pass'), count('fail'), count('skip')]
  if (format === 'json')
    write(`${JSON.stringify({ socket, claims, passed, failed, skipped, results }, undefined, 2)}\n`)
  else write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  return failed === 0 && passed > 0 ? 'clean' : 'failed'
}

function clientsOf(channel: Channel): Clients {
  return {
    forwarder: channel.client(Forwarder),
    monitor: channel.client(MonitorCrossConnect),
    mechanisms: channel.client(MechanismsMonitor),
  }
}

function claimText({
  pairs,
  networks,
}: {
  readonly pairs: 'yes' | 'no'
  readonly networks: readonly string[]
}): string {
  const parts = [
    ...(pairs === 'yes' ? ['two pods of its node'] : []),
    ...networks.map(name => `pods to the external network ${name}`),
  ]
  return parts.length === 0 ? 'nothing' : parts.join(', and ')
}

function lineOf({ check, outcome, why }: Result): string {
  const words = { pass: 'ok   ', fail: 'FAIL ', skip: 'skip ' }
  const reason = outcome === 'skip' ? ` (${why})` : `\n     ${why}`
  return `${words[outcome]}${check}${why === '' ? '' : reason}\n`
}
