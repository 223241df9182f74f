/**
 * For tests: the forwarder as a process that kills itself before a request reaches the kernel. It is told what to do
 * over IPC, so that its code is loaded before it is needed.
 */
import { netlinkKernel } from '#kernel/netlink.ts'
import { NsmError } from '#sdk/errors.ts'
import { silent } from '#sdk/log.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { startForwarder } from './forwarder.ts'
import { mechanismsOf } from './mechanisms.ts'

/** What the process is told. */
export type Order =
  | { readonly order: 'serve'; readonly address: Address }
  /** To die before so many more requests were sent; 0 is before the next one. */
  | { readonly order: 'die'; readonly after: number }
  | { readonly order: 'count' }

/** What the process answers: the requests that it has sent since it was told when to die. */
export interface Answer {
  readonly sent: readonly string[]
}

let sent: string[] = []
let last = Number.POSITIVE_INFINITY
const kernel = netlinkKernel({
  sent(request) {
    // SIGKILL to oneself: the call does not return.
    if (sent.length === last) process.kill(process.pid, 'SIGKILL')
    sent.push(request)
  },
})

async function obey(order: Order): Promise<void> {
  if (order.order === 'die') {
    sent = []
    last = order.after
  }
  if (order.order === 'serve')
    await startForwarder({
      kernel,
      address: order.address,
      peerOf: () => undefined,
      mechanisms: mechanismsOf(),
      log: silent,
    })
  process.send?.({ sent } satisfies Answer)
}

process.on('message', (order: Order) => {
  void obey(order).catch((cause: unknown) => {
    process.stderr.write(`${NsmError.from(cause).message}\n`)
    process.exit(1)
  })
})
// Who started us has ended.
process.on('disconnect', () => process.exit())
