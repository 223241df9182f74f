import { describe, expect, it } from 'vitest'
import { parseDnsConfigs } from './parse-dns.ts'

describe('parseDnsConfigs', () => {
  it('parseDnsConfigs() reads the JSON of NSM v1', () => {
    const text =
      '[{"dns_server_ips": ["172.16.1.100", "fd00::53"], "search_domains": ["my.coredns.service"]}]'
    expect(parseDnsConfigs(text)).toMatchObject([
      { dnsServerIps: ['172.16.1.100', 'fd00::53'], searchDomains: ['my.coredns.service'] },
    ])
    expect(parseDnsConfigs('[]')).toEqual([])
  })

  it.each([
    ['172.16.1.100', 'JSON'],
    ['{}', 'configs'],
    ['[{"servers": ["10.0.0.1"]}]', 'servers'],
    ['[{"search_domains": ["a"]}]', 'dns_server_ips is []'],
    ['[{"dns_server_ips": ["ns1"]}]', 'dns_server_ips[0] is "ns1"'],
  ])('parseDnsConfigs() refuses %s', (text, says) => {
    expect(() => parseDnsConfigs(text)).toThrow(says)
  })
})
