import { create } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { DNSConfigSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import { dns } from './dns.ts'
import { requestOf, run } from './fixture.ts'

it('dns() gives its configs in place of what the request carries', async () => {
  const config = create(DNSConfigSchema, { dnsServerIps: ['172.16.1.100'], searchDomains: ['my.service'] })
  const asked = requestOf({
    context: { MTU: 1400, dnsContext: { configs: [{ dnsServerIps: ['10.0.0.1'] }] } },
  })
  expect((await run(dns([config]), asked)).context).toMatchObject({
    MTU: 1400,
    dnsContext: { configs: [config] },
  })
})
