import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type Probe, serveProbe } from './probe.ts'
import { wait } from './wait.ts'

const never = new AbortController().signal
let probe: Probe | undefined

afterEach(async () => {
  await probe?.[Symbol.asyncDispose]()
  probe = undefined
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('the readiness of the side-car', () => {
  it('is 503 until it is connected, then 200, and 404 elsewhere', async () => {
    const port = await freePort()
    probe = await serveProbe(port)
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    expect(await status('/readyz')).toBe(503)
    expect(await status('/else')).toBe(404)
    probe.ready()
    expect(await status('/readyz')).toBe(200)
  })

  it('is waited for by the hook, also when the side-car is not there yet', async () => {
    const port = await freePort()
    const waiting = wait({ probePort: port, deadline: 10_000 }, never)
    probe = await serveProbe(port)
    probe.ready()
    await expect(waiting).resolves.toBeUndefined()
  })

  it('makes the hook fail at its deadline', async () => {
    const port = await freePort()
    probe = await serveProbe(port)
    await expect(wait({ probePort: port, deadline: 30 }, never)).rejects.toMatchObject({ code: 'DEADLINE' })
  })

  it('says which variable to change when the port is taken', async () => {
    const port = await freePort()
    probe = await serveProbe(port)
    await expect(serveProbe(port)).rejects.toThrow(`NSM_PROBE_PORT=${port}`)
  })

  it('serves nothing on port 0', async () => {
    const off = await serveProbe(0)
    off.ready()
    await off[Symbol.asyncDispose]()
  })
})
