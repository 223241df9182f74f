import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, it } from 'vitest'
import { occupiedSinceBefore } from './occupied.ts'

function info(address: string): NetworkInterfaceInfo[] {
  const rest = { netmask: '255.255.255.252', mac: '02:00:00:00:00:01', internal: false, cidr: null }
  return [{ address, family: 'IPv4', ...rest }]
}

describe('occupiedSinceBefore()', () => {
  it('names the addresses of the interfaces that were there at the start, but not of the one asked for', () => {
    const occupied = occupiedSinceBefore({ interfaces: () => ({ a: info('10.0.0.1'), b: info('10.0.0.5') }) })
    expect(occupied('none')).toEqual(['10.0.0.1/32', '10.0.0.5/32'])
    expect(occupied('a')).toEqual(['10.0.0.5/32'])
  })

  it('forgets an inherited interface that has gone, and takes no later one for inherited', () => {
    let time = 0
    let there: Record<string, NetworkInterfaceInfo[]> = { a: info('10.0.0.1') }
    const occupied = occupiedSinceBefore({ interfaces: () => there, now: () => time })
    there = { ours: info('10.0.0.9') }
    expect(occupied('none')).toEqual(['10.0.0.1/32'])
    time = 10_001
    expect(occupied('none')).toEqual([])
  })
})
