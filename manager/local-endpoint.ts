import { create } from '@bufbuild/protobuf'
import type { EndpointRecord } from '#registry/registry.ts'
import { generatedInterfaceName } from '#sdk/elements/mechanism.ts'
import { NsmError } from '#sdk/errors.ts'
import { interfaceNameRule, isInterfaceName } from '#sdk/service-ref/names.ts'
import { MechanismSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { mechanismClass, mechanismType, netnsParameters, parameter } from '#sdk/wire/mechanism.ts'
import type { Hop, HopOptions } from './next-hop.ts'

/**
 * An endpoint in a pod of this node. It chooses the name of its interface; which namespace that goes into is known
 * from the pod that registered, whatever the endpoint says.
 */
export function localEndpoint(
  { endpoint, pod, pid, workspace }: EndpointRecord,
  { channels, clientSocket }: HopOptions,
): Hop {
  return {
    kind: 'endpoint',
    service: channels.get(clientSocket(workspace)).client(NetworkService),
    offer: () => [create(MechanismSchema, { cls: mechanismClass.local, type: mechanismType.kernel })],
    mechanismOf: answer => {
      const wished = answer.mechanism?.parameters[parameter.name] ?? ''
      const name = wished === '' ? generatedInterfaceName(answer) : wished
      if (!isInterfaceName(name))
        throw new NsmError(
          'ENDPOINT_REFUSED',
          `endpoint ${endpoint.name} wants its interface to be called ${JSON.stringify(name)}; expected ${interfaceNameRule}`,
        )
      const netns = { cookie: pod.netnsCookie, ...(pid > 0 ? { pidHint: pid } : {}) }
      return create(MechanismSchema, {
        cls: mechanismClass.local,
        type: mechanismType.kernel,
        parameters: { [parameter.name]: name, ...netnsParameters(netns) },
      })
    },
  }
}
