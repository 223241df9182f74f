import { randomBytes } from 'node:crypto'
import { readMac } from './codec/value.ts'

/** A MAC address of one interface, by nobody's registry (IEEE 802: bit 0 of the first byte is off, bit 1 on), as the kernel would choose it. */
export function randomMac(): string {
  const bytes = randomBytes(6)
  bytes[0] = ((bytes[0] ?? 0) & 0xfe) | 0x02
  return readMac(bytes)
}
