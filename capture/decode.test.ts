import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode } from './decode.ts'

const macs = '02000000000a 02000000000b'
const ethernet = { destinationMac: '02:00:00:00:00:0a', sourceMac: '02:00:00:00:00:0b' }
const v4 = (protocol: string) => `45000054 00004000 40${protocol}0000 0a3c0101 0a3c0102`
const v6 = (next: string) =>
  `60000000 0010${next}40 fd000000000000000000000000000001 fd000000000000000000000000000002`

describe('the decoder', () => {
  it.each([
    [
      'an echo request',
      `${macs} 0800 ${v4('01')} 08000000 12670001`,
      { protocol: 'ICMP', source: '10.60.1.1', destination: '10.60.1.2', info: 'echo request 4711 seq 1' },
    ],
    [
      'an echo reply',
      `${macs} 0800 ${v4('01')} 00000000 12670001`,
      { protocol: 'ICMP', info: 'echo reply 4711 seq 1' },
    ],
    [
      'an unreachable port',
      `${macs} 0800 ${v4('01')} 03030000 00000000`,
      { info: 'destination unreachable, code 3' },
    ],
    [
      'TCP in two VLANs',
      `${macs} 88a80064 81000065 0800 ${v4('06')} 1f90c000 00000000 00000000 5012`,
      { vlans: [100, 101], protocol: 'TCP', sourcePort: 8080, destinationPort: 49152, info: 'SYN ACK' },
    ],
    [
      'UDP over IPv6',
      `${macs} 86dd ${v6('11')} 00350400`,
      { protocol: 'UDP', source: 'fd00::1', destination: 'fd00::2', sourcePort: 53, destinationPort: 1024 },
    ],
    [
      'an IPv6 echo behind options',
      `${macs} 86dd ${v6('00')} 3a00000000000000 80000000 00010002`,
      { protocol: 'ICMPv6', info: 'echo request 1 seq 2' },
    ],
    [
      'an ARP request',
      `${macs} 0806 0001080006040001 02000000000b 0a3c0101 000000000000 0a3c0102`,
      { protocol: 'ARP', info: 'who has 10.60.1.2' },
    ],
    [
      'an ARP reply',
      `${macs} 0806 0001080006040002 02000000000b 0a3c0101 02000000000a 0a3c0102`,
      { protocol: 'ARP', info: '10.60.1.1 is at 02:00:00:00:00:0b' },
    ],
    ['LLDP', `${macs} 88cc`, { protocol: 'ethertype 0x88cc' }],
    ['OSPF', `${macs} 0800 ${v4('59')}`, { protocol: 'ip 89' }],
    ['half of an IP header', `${macs} 0800 4500`, { protocol: 'truncated' }],
  ])('tells %s', (_, hex, says) => {
    expect(decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'), 'ethernet')).toMatchObject({
      ...ethernet,
      ...says,
    })
  })

  it('tells a frame that begins with IP', () => {
    const bytes = Buffer.from(`${v4('01')}0800000000010001`.replaceAll(' ', ''), 'hex')
    expect(decode(bytes, 'ip')).toMatchObject({ protocol: 'ICMP', vlans: [], source: '10.60.1.1' })
  })

  it('never throws, whatever the bytes are', () => {
    const types = fc.constantFrom('', '0800', '86dd', '0806', '8100', '88a8', '080045', '086e')
    fc.assert(
      fc.property(
        types,
        fc.uint8Array({ maxLength: 120 }),
        fc.constantFrom('ethernet', 'ip'),
        (type, tail, framing) => {
          const head = type === '' ? '' : `${macs.replaceAll(' ', '')}${type}`
          const bytes = Buffer.concat([Buffer.from(head, 'hex'), tail])
          expect(decode(bytes, framing).protocol).not.toBe('')
        },
      ),
      { numRuns: 2000 },
    )
  })
})
