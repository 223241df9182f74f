import { closeSync, openSync } from 'node:fs'
import { encodeAddress } from '#kernel/codec/address.ts'
import { attribute, nested } from '#kernel/codec/attribute.ts'
import { encodeLinkChange } from '#kernel/codec/link.ts'
import { encodeMessage, flag } from '#kernel/codec/message.ts'
import { encodeRoute } from '#kernel/codec/route.ts'
import { rtm } from '#kernel/codec/rtnetlink.ts'
import { i32, text, u32 } from '#kernel/codec/value.ts'
import { recv, send, setsockopt, socket } from '#kernel/libc.ts'
import { inNetns } from '#kernel/netns.ts'
import type { Field, Place } from './places.ts'

/**
 * The baseline: the messages that a connection takes, made beforehand, sent one after the other over sockets that are
 * open, with nothing read but whether each was taken. Indexes are chosen here so that the messages can be made.
 */
export interface Bare extends Disposable {
  /** Makes the messages of link number `at`, and what sends them. */
  readonly prepare: (at: number) => () => void
}

const answer = Buffer.alloc(65_536)

export function bare({ clients, endpoint }: Field): Bare {
  const open = new DisposableStack()
  const socketOf = (place: Place): number => {
    const fd = inNetns(place, () => socket(16, 3, 0))
    open.defer(() => closeSync(fd))
    setsockopt(fd, { level: 270, name: 10, value: 1 })
    return fd
  }
  const sockets = clients.map(socketOf)
  const far = socketOf(endpoint)
  const farNetns = openSync(endpoint.path, 'r')
  open.defer(() => closeSync(farNetns))
  return {
    prepare(at) {
      const near = sockets[at % sockets.length] ?? far
      const messages = messagesOf(at, farNetns)
      return () => {
        for (const bytes of messages.near) ask(near, bytes)
        for (const bytes of messages.far) ask(far, bytes)
      }
    },
    [Symbol.dispose]: () => open.dispose(),
  }
}

function ask(fd: number, bytes: Buffer): void {
  send(fd, bytes)
  recv(fd, answer, 0)
  const refused = answer.readInt32LE(16)
  if (refused !== 0) throw new Error(`the kernel refused a bare message: errno ${-refused}`)
}

function messagesOf(at: number, farNetns: number): { readonly near: Buffer[]; readonly far: Buffer[] } {
  const index = 100_000 + at
  const net = `10.${128 + (at >> 14)}.${(at >> 6) & 255}`
  const host = (at & 63) * 4
  const route = { prefix: `10.201.${at >> 8}.${at & 255}/32`, via: `${net}.${host + 2}` }
  const up = (role: string) =>
    message('RTM_SETLINK', 0, encodeLinkChange(index, { alias: `bare:${at}:${role}`, admin: 'up' }))
  const address = (of: number) =>
    message('RTM_NEWADDR', flag.create | flag.replace, encodeAddress(index, `${net}.${host + of}/30`))
  return {
    near: [
      message('RTM_NEWLINK', flag.create | flag.exclusive, vethOf(at, index, farNetns)),
      address(1),
      up('src'),
      message('RTM_NEWROUTE', flag.create | flag.exclusive, encodeRoute(index, route)),
    ],
    far: [address(2), up('dst')],
  }
}

function message(name: keyof typeof rtm, flags: number, body: Buffer): Buffer {
  return encodeMessage({ type: rtm[name], flags: flag.request | flag.ack | flags, sequence: 1, body })
}

/** IFLA_IFNAME 3, IFLA_LINKINFO 18, IFLA_NET_NS_FD 28, IFLA_NUM_TX_QUEUES 31 and _RX_ 32: one queue, as ours have. */
function vethOf(at: number, index: number, farNetns: number): Buffer {
  const head = Buffer.alloc(16)
  head.writeInt32LE(index, 4)
  const one = [attribute(31, u32(1)), attribute(32, u32(1))]
  const peer = [head, attribute(3, text(`b${at}`)), ...one, attribute(28, i32(farNetns))]
  const data = nested(2, attribute(1, Buffer.concat(peer)))
  const info = nested(18, attribute(1, text('veth')), data)
  return Buffer.concat([head, attribute(3, text(`b${at}`)), ...one, info])
}
