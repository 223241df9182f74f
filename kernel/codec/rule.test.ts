import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RuleValue } from '#kernel/port.ts'
import { isSameRule } from '#kernel/same.ts'
import { decodeRule, encodeRule } from './rule.ts'

const port = fc.integer({ min: 1, max: 65_534 })
const ports = fc.tuple(port, port).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }))
const ipv4 = fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 })).map(([ip, length]) => `${ip}/${length}`)
const ipv6 = fc.tuple(fc.ipV6(), fc.integer({ min: 1, max: 128 })).map(([ip, length]) => `${ip}/${length}`)

function rules(family: RuleValue['family'], from: fc.Arbitrary<string>): fc.Arbitrary<RuleValue> {
  const always = {
    family: fc.constant(family),
    table: fc.nat(0x7fff_ffff),
    priority: fc.nat(),
    owner: fc.nat(),
  }
  const perhaps = {
    from,
    protocol: fc.integer({ min: 1, max: 255 }),
    sourcePorts: ports,
    destinationPorts: ports,
  }
  return fc.record({ ...always, ...perhaps }, { requiredKeys: ['family', 'table', 'priority', 'owner'] })
}

const anyRule = fc.oneof(rules('ipv4', ipv4), rules('ipv6', ipv6))

/** A second decoder, as naive as can be: one number after the other, no shared code. */
function naive(bytes: Uint8Array): object {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const found: Record<string, unknown> = { family: bytes[0], sourceLength: bytes[2], action: bytes[7] }
  for (let at = 12; at < bytes.length; ) {
    const [length, type] = [view.getUint16(at, true), view.getUint16(at + 2, true)]
    found[String(type)] = Array.from(bytes.subarray(at + 4, at + length))
    at += length + ((4 - (length % 4)) % 4)
  }
  return found
}

const u32 = (value: number) => [0, 8, 16, 24].map(shift => (value >>> shift) & 255)
const range = ({ first, last }: { first: number; last: number }) => [
  first & 255,
  first >> 8,
  last & 255,
  last >> 8,
]

describe('encodeRule()', () => {
  test('is read back by decodeRule() as a rule of ours', () => {
    fc.assert(
      fc.property(anyRule, rule => {
        const decoded = decodeRule(encodeRule(rule))
        expect(decoded).toMatchObject({ origin: 'ours' })
        expect(decoded !== undefined && isSameRule(rule, decoded)).toBe(true)
      }),
    )
  })

  test('puts the numbers where linux/fib_rules.h has them', () => {
    fc.assert(
      fc.property(anyRule, rule => {
        const { protocol, sourcePorts, destinationPorts } = rule
        expect(naive(encodeRule(rule))).toMatchObject({
          family: rule.family === 'ipv4' ? 2 : 10,
          action: 1,
          sourceLength: rule.from === undefined ? 0 : Number(rule.from.split('/')[1]),
          6: u32(rule.priority),
          13: u32(rule.owner),
          15: u32(rule.table),
          21: [78],
          ...(protocol === undefined ? {} : { 22: [protocol] }),
          ...(sourcePorts === undefined ? {} : { 23: range(sourcePorts) }),
          ...(destinationPorts === undefined ? {} : { 24: range(destinationPorts) }),
        })
      }),
    )
  })

  test('decodeRule() passes over the rules of multicast routing', () => {
    const body = encodeRule({ family: 'ipv4', table: 1, priority: 1, owner: 1 })
    body[0] = 128
    expect(decodeRule(body)).toBeUndefined()
  })
})
