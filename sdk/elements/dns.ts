import { create } from '@bufbuild/protobuf'
import { type DNSConfig, DNSContextSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import type { EndpointStep } from './endpoint-step.ts'
import { withContext } from './endpoint-step.ts'

/** Gives the client name servers and search domains, in place of those that the request carries. */
export function dns(configs: readonly DNSConfig[]): EndpointStep {
  return {
    name: 'dns',
    request: async (request, call, next) =>
      await next(
        withContext(request, { dnsContext: create(DNSContextSchema, { configs: [...configs] }) }),
        call,
      ),
  }
}
