import { once } from 'node:events'
import type { Server } from 'node:net'
import { NsmError } from '#sdk/errors.ts'
import type { ListenAddress } from './listen-address.ts'

/** Where to listen, and the variable that says so. */
export interface Listening {
  readonly address: ListenAddress
  readonly variable: string
}

/** Has a server listen; gives `host:port` with the port that was taken. Throws BAD_CONFIG when the address cannot be had. */
export async function listen(
  server: Server,
  { address: { host, port }, variable }: Listening,
): Promise<string> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new NsmError(
      'BAD_CONFIG',
      `cannot serve on ${host} port ${port}: ${why}; choose another ${variable}`,
      {
        cause,
      },
    )
  }
  const found = server.address()
  const taken = typeof found === 'object' && found !== null ? found.port : port
  return `${host.includes(':') ? `[${host}]` : host}:${taken}`
}
