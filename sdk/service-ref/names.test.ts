import { expect, test } from 'vitest'
import { isDnsName, isInterfaceName } from './names.ts'

const names: readonly { name: string; dns: boolean; interface: boolean }[] = [
  { name: 'a', dns: true, interface: true },
  { name: 'vpn-gateway', dns: true, interface: true },
  { name: 'vpn.example.org', dns: true, interface: true },
  { name: '-a', dns: false, interface: true },
  { name: 'a-', dns: false, interface: true },
  { name: 'a..b', dns: false, interface: true },
  { name: 'Eth0', dns: false, interface: true },
  { name: 'a_b', dns: false, interface: true },
  { name: 'é', dns: false, interface: true },
  { name: '', dns: false, interface: false },
  { name: '.', dns: false, interface: false },
  { name: '..', dns: false, interface: false },
  { name: 'a/b', dns: false, interface: false },
  { name: 'a\nb', dns: false, interface: false },
  { name: 'abcdefghijklmnop', dns: true, interface: false },
  { name: 'a'.repeat(253), dns: true, interface: false },
  { name: 'a'.repeat(254), dns: false, interface: false },
]

test.each(names)('isDnsName() and isInterfaceName() agree with the rules for $name', row => {
  expect({ dns: isDnsName(row.name), interface: isInterfaceName(row.name) }).toEqual({
    dns: row.dns,
    interface: row.interface,
  })
})
