/** What the tests of this folder ask the forwarder for. */
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import type { NetnsName } from '#kernel/link-plan.ts'
import type { ConnectionContextSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import { type CrossConnect, CrossConnectSchema } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { netnsParameters, parameter } from '#sdk/wire/mechanism.ts'

/** One end: interface name and namespace. */
export interface ExampleEnd {
  readonly name: string
  readonly netns: NetnsName
}

/** What an example differs in from a pair of pods with 10.0.0.1/30 and 10.0.0.2/30. */
export interface Example {
  readonly id?: string
  readonly source: ExampleEnd
  readonly destination: ExampleEnd
  readonly context?: MessageInitShape<typeof ConnectionContextSchema>
}

export function exampleCrossConnect(example: Example): CrossConnect {
  const { id = 'x1', source, destination, context = ipv4Pair('10.0.0') } = example
  return create(CrossConnectSchema, {
    id,
    payload: 'IP',
    source: { id: `${id}-client`, mechanism: mechanism(source), context },
    destination: { id: `${id}-endpoint`, mechanism: mechanism(destination), context },
  })
}

/** A pod of this node and one that another node has. */
export interface TunnelExample {
  readonly id?: string
  readonly source: ExampleEnd
  /** Of the mechanism between the nodes. */
  readonly parameters: Readonly<Record<string, string>>
  readonly context?: MessageInitShape<typeof ConnectionContextSchema>
}

export function exampleTunnel(example: TunnelExample): CrossConnect {
  const { id = 'x1', source, parameters, context = ipv4Pair('10.0.0') } = example
  const remote = { cls: 'REMOTE', type: 'VXLAN', parameters: { ...parameters } }
  return create(CrossConnectSchema, {
    id,
    payload: 'IP',
    source: { id: `${id}-client`, mechanism: mechanism(source), context },
    destination: { id: `${id}-endpoint`, mechanism: remote, context },
  })
}

/** The context of an endpoint that hands out the first /30 of a /24. */
export function ipv4Pair(net: string): MessageInitShape<typeof ConnectionContextSchema> {
  return { ipContext: { srcIpAddrs: [`${net}.1/30`], dstIpAddrs: [`${net}.2/30`] } }
}

function mechanism({ name, netns }: ExampleEnd) {
  return { cls: 'LOCAL', type: 'KERNEL', parameters: { ...netnsParameters(netns), [parameter.name]: name } }
}
