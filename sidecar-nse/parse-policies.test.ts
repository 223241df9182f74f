import { describe, expect, it } from 'vitest'
import { parsePolicies } from './parse-policies.ts'

describe('parsePolicies', () => {
  it('parsePolicies() reads the configuration of the example policy-based-routing', () => {
    const text = `
- from: 172.16.2.201/24
  proto: 6
  dstport: 6666
  routes:
    - prefix: 172.16.3.0/24
      nexthop: 172.16.2.200
- proto: 17
  dst_port: 6667-6670
- proto: udp
  port: 5555
- { srcPort: 80, routes: [{ prefix: "2004::/64", nextHop: "2004::6" }] }
`
    expect(parsePolicies(text)).toMatchObject([
      {
        from: '172.16.2.201/24',
        proto: '6',
        dstPort: '6666',
        srcPort: '',
        routes: [{ prefix: '172.16.3.0/24', nextHop: '172.16.2.200' }],
      },
      { from: '', proto: '17', dstPort: '6667-6670', routes: [] },
      { proto: 'udp', dstPort: '5555' },
      { srcPort: '80', routes: [{ prefix: '2004::/64', nextHop: '2004::6' }] },
    ])
  })

  it.each(['', '[]', '# nothing yet'])('parsePolicies() finds no policy in %j', text => {
    expect(parsePolicies(text)).toEqual([])
  })

  it.each([
    ['proto: 6', 'the file: expected a list'],
    ['- 6', 'policy 1: expected fields'],
    ['- proto: 6\n- tos: 4', 'policy 2: there is no field "tos"'],
    ['- routes: 10.0.0.0/8', 'policy 1, routes: expected a list'],
    ['- routes: [{ via: 10.0.0.1 }]', 'policy 1, routes: there is no field "via"'],
    ['- proto: [6]', 'policy 1, proto: expected text or a number'],
    ['- proto: ipx', 'policies[0].proto is "ipx"'],
    ['- dstport: 70000', 'policies[0].dst_port'],
    ['- from: 172.16.2.201', 'policies[0].from'],
    ['- routes: [{ prefix: x }]', 'policies[0].routes[0].prefix'],
    ['- from: "', 'quote'],
  ])('parsePolicies() refuses %j', (text, says) => {
    expect(() => parsePolicies(text)).toThrow(says)
  })
})
