import { bufferedLogger } from '#runtime/logger.ts'
import { testServer } from '#webhook/http/server.contract.ts'

// The server under the soak, in a process of its own: a crash or an unhandled rejection ends it.
const { url, ca } = await testServer({ log: bufferedLogger('soak') })
process.send?.({ url, ca })
