import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { NsmError } from '#sdk/errors.ts'
import type { Handling } from './handle.ts'

/** How a server says it is. */
export type Health = 'serving' | 'not serving'

/** HealthCheckResponse.ServingStatus, field 1. */
const answers: Readonly<Record<Health, Buffer>> = { serving: answer(1), 'not serving': answer(2) }

/**
 * `grpc.health.v1.Health/Check`, which Kubernetes' gRPC probes call with an empty service name: how the server is, for it
 * as a whole and for each of its services, NOT_FOUND for others.
 */
export function healthCheck(
  services: ReadonlySet<string>,
  health: () => Health = () => 'serving',
): Handling<unknown> {
  return {
    path: '/grpc.health.v1.Health/Check',
    kind: 'unary',
    async answer({ inbox, reply }) {
      const service = serviceOf(await inbox.only())
      if (service !== '' && !services.has(service))
        throw new NsmError('NOT_FOUND', `this server does not serve ${service}`)
      reply.send(answers[health()])
    },
  }
}

/** HealthCheckRequest.service, field 1 (grpc/health/v1/health.proto). */
function serviceOf(request: Buffer): string {
  const reader = new BinaryReader(request)
  let service = ''
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (field === 1 && wireType === WireType.LengthDelimited) service = reader.string()
    else reader.skip(wireType, field)
  }
  return service
}

function answer(status: number): Buffer {
  return Buffer.from(new BinaryWriter().tag(1, WireType.Varint).int32(status).finish())
}
