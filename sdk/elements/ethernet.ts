import { create } from '@bufbuild/protobuf'
import { EthernetContextSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import { connectionOf, type EndpointStep, withContext } from './endpoint-step.ts'

/** What the two interfaces of a connection are like; what is absent the kernel chooses. */
export interface EthernetOffer {
  /** Bytes; the smaller one counts when the request has one too. */
  readonly mtu?: number
  /** Of the client's interface, colon-separated. */
  readonly srcMac?: string
  /** Of the endpoint's. */
  readonly dstMac?: string
}

/** Bounds the MTU and sets the MAC addresses of a connection. */
export function ethernet({ mtu, srcMac, dstMac }: EthernetOffer): EndpointStep {
  return {
    name: 'ethernet',
    async request(request, call, next) {
      const { MTU = 0, ethernetContext } = connectionOf(request).context ?? {}
      const macs = {
        ...(srcMac === undefined ? {} : { srcMac }),
        ...(dstMac === undefined ? {} : { dstMac }),
      }
      const before = ethernetContext ?? create(EthernetContextSchema)
      const change = {
        ...(mtu === undefined ? {} : { MTU: MTU === 0 ? mtu : Math.min(MTU, mtu) }),
        ...(Object.keys(macs).length === 0 ? {} : { ethernetContext: { ...before, ...macs } }),
      }
      return await next(withContext(request, change), call)
    },
  }
}
