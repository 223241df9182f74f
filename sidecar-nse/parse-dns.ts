import { create, fromJson, type JsonValue } from '@bufbuild/protobuf'
import { validateContext } from '#sdk/wire/context.ts'
import {
  ConnectionContextSchema,
  type DNSConfig,
  DNSContextSchema,
} from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'

/**
 * Reads NSM v1's JSON, `[{"dns_server_ips":["10.0.0.53"],"search_domains":["example.org"]}]`. Throws Error saying what is
 * wrong, so that it serves as the parser of a setting.
 */
export function parseDnsConfigs(text: string): readonly DNSConfig[] {
  const configs: JsonValue = JSON.parse(text)
  const dnsContext = fromJson(DNSContextSchema, { configs })
  validateContext(create(ConnectionContextSchema, { dnsContext }))
  return dnsContext.configs
}
