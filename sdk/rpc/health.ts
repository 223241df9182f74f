import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js'

/** Path of `grpc.health.v1.Health/Check`, which Kubernetes' gRPC probes call with an empty service name. */
export const healthCheckPath = '/grpc.health.v1.Health/Check'

const serving = 1

/** Answers a health check: SERVING for the server as a whole and for each of its services, NOT_FOUND for others. */
export function checkHealth(
  services: ReadonlySet<string>,
  call: Pick<ServerUnaryCall<Buffer, Buffer>, 'request'>,
  reply: sendUnaryData<Buffer>,
): void {
  const service = serviceOf(call.request)
  if (service === '' || services.has(service)) {
    reply(null, Buffer.from(new BinaryWriter().tag(1, WireType.Varint).int32(serving).finish()))
  } else {
    reply({ code: status.NOT_FOUND, details: `this server does not serve ${service}` })
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
