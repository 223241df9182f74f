import { hash } from 'node:crypto'
import { create } from '@bufbuild/protobuf'
import { NsmError } from '#sdk/errors.ts'
import { type Connection, type Mechanism, MechanismSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { NetworkServiceRequest } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { mechanismClass, mechanismType, parameter } from '#sdk/wire/mechanism.ts'
import { connectionOf, type EndpointStep, idOf, withConnection } from './endpoint-step.ts'

/**
 * Attaches the endpoint by a kernel interface, whose name `nameOf` chooses. The namespace is not said here: the
 * manager knows it from the socket. Fails with UNSUPPORTED when the caller offers mechanisms and none is KERNEL;
 * one that offers nothing takes what it gets.
 */
export function kernelMechanism(
  nameOf: (connection: Connection) => string = generatedInterfaceName,
): EndpointStep {
  return {
    name: 'kernelMechanism',
    async request(request, call, next) {
      const offered = offeredBy(request).map(mechanism => mechanism.type)
      if (offered.length > 0 && !offered.some(isKernel)) {
        throw new NsmError(
          'UNSUPPORTED',
          `requesting connection ${idOf(request)}: it offers ${offered.join(', ')}, and this endpoint can only be attached by ${mechanismType.kernel}`,
        )
      }
      const mechanism = create(MechanismSchema, {
        cls: mechanismClass.local,
        type: mechanismType.kernel,
        parameters: { [parameter.name]: nameOf(connectionOf(request)) },
      })
      return await next(withConnection(request, { mechanism }), call)
    },
  }
}

/**
 * `nsm` and ten hexadecimal digits that depend on the connection id alone: a refresh, a restart and a second node
 * come to the same name, and 13 bytes fit.
 */
export function generatedInterfaceName(connection: Connection): string {
  return `nsm${hash('sha256', connection.id, 'hex').slice(0, 10)}`
}

function offeredBy(request: NetworkServiceRequest): readonly Mechanism[] {
  const { mechanism } = connectionOf(request)
  return mechanism === undefined ? request.mechanismPreferences : [...request.mechanismPreferences, mechanism]
}

function isKernel(type: string): boolean {
  return type === mechanismType.kernel || type === mechanismType.kernelV0
}
