import { writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { toNsmError } from '#kernel/errors.ts'
import { verify } from './verify.ts'

/** `nsm forwarder verify` runs this with its own arguments; the process ends with 1 when a check has failed. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    registrar: { type: 'string' },
    network: { type: 'string', multiple: true, default: [] },
    only: { type: 'string' },
    format: { type: 'string', default: 'lines' },
  },
})
const [socket = '', ...command] = positionals
const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort())
try {
  const { registrar, network, only, format } = values
  const options = {
    socket,
    command,
    networks: network,
    format: format === 'json' ? 'json' : 'lines',
    ...(registrar === undefined ? {} : { registrar }),
    ...(only === undefined ? {} : { only }),
  } as const
  process.exitCode = (await verify(options, stop.signal, text => writeSync(1, text))) === 'clean' ? 0 : 1
} catch (thrown) {
  const { message, code, kind } = toNsmError(thrown)
  writeSync(2, `nsm: ${message} [${code}]\n`)
  process.exitCode = kind.exit
}
