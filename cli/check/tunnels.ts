import type { ManagerAnswer } from '#cli/cluster/ask-managers.ts'
import type { Mechanism } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { ForeignTunnel } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import { parameter } from '#sdk/wire/mechanism.ts'
import type { Check, Finding } from './check.ts'
import type { CniPort } from './cni-ports.ts'
import { nodesCalled } from './names.ts'

/** Whether nodes can be joined: what their kernels have, and at which port. */
export const tunnels: Check = {
  id: 'tunnels',
  what: 'every node has a forwarder, and tunnels to the others at a port of their own',
  find: async facts => judgeTunnels(await facts.managers(), await facts.cniPorts()),
}

interface Row {
  readonly node: string
  readonly mechanisms: readonly Mechanism[]
  /** VXLAN devices of the node that are not of the mesh. */
  readonly foreign: readonly ForeignTunnel[]
}

/** Judges what managers tell of their forwarders. */
export function judgeTunnels(answers: readonly ManagerAnswer[], cni: readonly CniPort[]): readonly Finding[] {
  const silent = answers.flatMap(answer => ('error' in answer ? [answer] : []))
  const told = answers.flatMap(answer => ('status' in answer ? [answer] : []))
  const idle = told.filter(({ status }) => status.forwarders.length === 0).map(({ node }) => node)
  // An older manager does not tell.
  const rows: readonly Row[] = told
    .filter(({ status }) => status.forwarderDetails.length > 0)
    .map(({ node, status }) => ({
      node,
      mechanisms: status.forwarderDetails.flatMap(({ remoteMechanisms }) => remoteMechanisms),
      foreign: status.forwarderDetails.flatMap(({ foreignTunnels }) => foreignTunnels),
    }))
  const lone = rows.filter(({ mechanisms }) => !mechanisms.some(({ type }) => type === 'VXLAN'))
  return [
    ...about(
      silent.map(({ node }) => node),
      {
        severity: 'warning',
        finding: `the manager could not be asked: ${silent[0]?.error.message ?? ''}`,
        remedy: 'the right to create and get pods/exec in the namespace of the mesh; nsm logs manager',
      },
    ),
    ...about(idle, {
      severity: 'error',
      finding: 'no forwarder is registered with the manager; pods that ask for network services wait',
      remedy: `nsm logs forwarder/${idle[0] ?? ''}`,
    }),
    ...about(answers.length < 2 ? [] : lone.map(({ node }) => node), {
      severity: 'error',
      finding: 'has no VXLAN to offer: its pods are joined with pods of the same node only',
      remedy: 'modprobe vxlan on the node; nsm logs forwarder says what its kernel lacks',
    }),
    ...ports(rows),
    ...clashes(rows, cni),
    ...devicesAtOurPort(rows),
  ]
}

function about(nodes: readonly string[], finding: Omit<Finding, 'object'>): readonly Finding[] {
  return nodes.length === 0 ? [] : [{ ...finding, object: nodesCalled(nodes) }]
}

function portsOf({ mechanisms }: Row): readonly string[] {
  return mechanisms.flatMap(({ type, parameters }) =>
    type === 'VXLAN' ? (parameters[parameter.dstPort] ?? parameters[parameter.srcPort] ?? []) : [],
  )
}

function ports(rows: readonly Row[]): readonly Finding[] {
  const used = [...new Set(rows.flatMap(portsOf))]
  if (used.length < 2) return []
  return about(
    rows.map(({ node }) => node),
    {
      severity: 'error',
      finding: `use several ports for VXLAN (${used.join(', ')}), so that tunnels between them do not work`,
      remedy: 'set NSM_VXLAN_PORT to the same on all nodes',
    },
  )
}

function clashes(rows: readonly Row[], cni: readonly CniPort[]): readonly Finding[] {
  const used = new Set(rows.flatMap(portsOf))
  return cni
    .filter(({ port }) => used.has(String(port)))
    .map(({ plugin, port, object }) => ({
      severity: 'error',
      object,
      finding: `${plugin} receives VXLAN at UDP port ${port} as well, which the kernel gives to one of the two`,
      remedy: freePort,
    }))
}

/** Devices that were made at our port on the nodes themselves, whoever made them; one finding for each name and port. */
function devicesAtOurPort(rows: readonly Row[]): readonly Finding[] {
  const used = new Set(rows.flatMap(portsOf))
  const met = rows.flatMap(({ node, foreign }) =>
    foreign
      .filter(({ udpPort }) => used.has(String(udpPort)))
      .map(({ interface: device, udpPort }) => ({ node, device, udpPort })),
  )
  const groups = Map.groupBy(met, ({ device, udpPort }) => `VXLAN device ${device} at UDP port ${udpPort}`)
  return [...groups].flatMap(([device, group]) =>
    about(
      group.map(({ node }) => node),
      {
        severity: 'error',
        finding: `has ${device}, that of the mesh, which the kernel gives to one of the two`,
        remedy: `ip -d link show type vxlan on the node tells whose it is; ${freePort}`,
      },
    ),
  )
}

const freePort = 'set NSM_VXLAN_PORT of the forwarders to a free port; the default 14789 is of no plug-in'
