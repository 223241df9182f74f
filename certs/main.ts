import { text } from 'node:stream/consumers'
import { make, type Order } from './make.ts'

/** A process that makes what standard input orders, writes it to standard output, and ends: see order.ts. */
const order: Order = JSON.parse(await text(process.stdin))
process.stdout.write(JSON.stringify(await make(order)))
