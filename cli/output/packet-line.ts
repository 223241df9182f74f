import { timestampMs } from '@bufbuild/protobuf/wkt'
import type { CaptureEvent, Packet } from '#sdk/wire/gen/capture/capture_pb.ts'

/** One line of a packet: when, where, which way, from whom to whom, and what. */
export function packetLine({ node, interface: name }: CaptureEvent, pod: string, packet: Packet): string {
  const arrow = packet.direction === 'sent' ? '->' : '<-'
  const macs = packet.sourceMac === '' ? [] : [`${packet.sourceMac} > ${packet.destinationMac}`]
  const tags = packet.vlans.map(vlan => `vlan ${vlan}`)
  const parts = [timeOf(packet), `${node} ${pod} ${name} ${arrow}`, ...macs, ...tags, addresses(packet)]
  const words = [packet.protocol, packet.info].filter(word => word !== '')
  return `${[...parts, ...words, `length ${packet.length}`].filter(part => part !== '').join('  ')}\n`
}

/** Of the day, in UTC, to the microsecond. */
function timeOf({ time }: Packet): string {
  if (time === undefined) return ''
  const micros = String(Math.trunc(time.nanos / 1000)).padStart(6, '0')
  return `${new Date(timestampMs(time)).toISOString().slice(11, 19)}.${micros}`
}

function addresses(packet: Packet): string {
  if (packet.source === '') return ''
  return `${withPort(packet.source, packet.sourcePort)} > ${withPort(packet.destination, packet.destinationPort)}`
}

function withPort(address: string, port: number): string {
  if (port === 0) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
