import { text } from 'node:stream/consumers'
import { NsmError } from '#sdk/errors.ts'
import { make, type Order } from './make.ts'

/** A process that makes what standard input orders, writes it to standard output, and ends: see order.ts. */
try {
  const order: Order = JSON.parse(await text(process.stdin))
  process.stdout.write(JSON.stringify(await make(order)))
} catch (thrown) {
  // Only the message: whoever ordered says the rest.
  process.stderr.write(NsmError.from(thrown).message)
  process.exitCode = 1
}
