import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { NsmError } from '#sdk/errors.ts'
import type { Handling } from './handle.ts'

const serving = Buffer.from(new BinaryWriter().tag(1, WireType.Varint).int32(1).finish())

/**
 * `grpc.health.v1.Health/Check`, which Kubernetes' gRPC probes call with an empty service name: SERVING for the server
 * as a whole and for each of its services, NOT_FOUND for others.
 */
export function healthCheck(services: ReadonlySet<string>): Handling<unknown> {
  return {
    path: '/grpc.health.v1.Health/Check',
    kind: 'unary',
    async answer({ inbox, reply }) {
      const service = serviceOf(await inbox.only())
      if (service !== '' && !services.has(service))
        throw new NsmError('NOT_FOUND', `this server does not serve ${service}`)
      reply.send(serving)
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
