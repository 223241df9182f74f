/** For tests: a process that watches events, is told by one that it should stop, and then has nothing left to do. */
import { netlinkKernel } from './netlink.ts'

const stop = new AbortController()
const kernel = netlinkKernel()
const events = kernel.events(stop.signal)
process.send?.('watching')
process.once('message', () => stop.abort())
for await (const event of events) process.send?.(event.type)
kernel[Symbol.dispose]()
process.disconnect()
