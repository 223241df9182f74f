import type { NetnsName } from '#kernel/link-plan.ts'
import type { Kernel } from '#kernel/port.ts'
import type { Client } from '#sdk/rpc/types.ts'
import type { MonitorCrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import type { Forwarder, MechanismsMonitor } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import type { RegistrarView } from './registrar.ts'

/** What a forwarder says that it can join a pod of its node to. */
export interface Claims {
  /** Whether it joins two pods by kernel interfaces. */
  readonly pairs: 'yes' | 'no'
  /** The external networks that it joins pods to. */
  readonly networks: readonly string[]
}

/** A forwarder and what is needed to look at its work. */
export interface Ground {
  /** Anew on each use: after a restart it is another connection. */
  readonly clients: () => Clients
  readonly kernel: Kernel
  /** Starts a pod: a network namespace that the forwarder can find by cookie, with its pid as a hint. */
  readonly addPod: () => NetnsName
  /** Ends a pod; one that has ended is success. Resolves when nothing leads to its namespace any more. */
  readonly removePod: (netns: NetnsName) => Promise<void>
  /** Kills the forwarder and starts it again; resolves when it serves. Absent when the forwarder is not ours to kill. */
  readonly restart?: () => Promise<void>
  /** What it registers with, in the place of a manager. */
  readonly registrar?: RegistrarView
  /** The forwarder's own namespace, where that is known. */
  readonly own?: NetnsName
}

/** The three services of a forwarder. */
export interface Clients {
  readonly forwarder: Client<typeof Forwarder>
  readonly monitor: Client<typeof MonitorCrossConnect>
  readonly mechanisms: Client<typeof MechanismsMonitor>
}

/** What a check may need of its ground. */
export type Need = 'pairs' | 'network' | 'restart' | 'registrar' | 'own'

/** Why a ground lacks something, as the end of a sentence; undefined when it has it. */
export function lack(
  need: Need,
  { restart, registrar, own }: Ground,
  { pairs, networks }: Claims,
): string | undefined {
  const reasons: Readonly<Record<Need, string | undefined>> = {
    pairs: pairs === 'yes' ? undefined : 'it offers no LOCAL KERNEL mechanism, so it joins no pairs of pods',
    network: networks.length > 0 ? undefined : 'it offers no external network',
    restart: restart === undefined ? 'it was not started by this command, so it is not killed' : undefined,
    registrar: registrar === undefined ? 'there is no --registrar to register with' : undefined,
    own: own === undefined ? 'it runs in another network namespace than this command' : undefined,
  }
  return reasons[need]
}
