import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { netlinkKernel } from '#kernel/netlink.ts'
import { createNetns, inNetns } from '#kernel/netns.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import { dial } from '#sdk/rpc/dial.ts'
import { Forwarder } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import { exampleCrossConnect } from './example.ts'
import { serveRegistrar } from './registrar.ts'

/** Three datagrams of 100 bytes, 142 with their headers; a ping would need NET_RAW. */
const sender = `const s = require('node:dgram').createSocket('udp4'); let left = 3
for (let i = 0; i < 3; i++) s.send(Buffer.alloc(100), 9, process.argv[1], () => --left || s.close())`

it('serves the counters of the kernel, and a restart does not set them back', async () => {
  await using owned = new AsyncDisposableStack()
  bringOwnLoopbackUp()
  const base = owned.use(temporaryFolder()).path
  const client = owned.use(createNetns(`${base}/client`))
  const endpoint = owned.use(createNetns(`${base}/endpoint`))
  const registrar = owned.use(await serveRegistrar(`unix://${base}/nsm.forwarder-registrar.io.sock`))
  const port = await freePort()
  const start = () => {
    const child = spawn(process.execPath, ['forwarder/main.ts'], {
      env: {
        ...process.env,
        NSM_BASEDIR: base,
        LOG_LEVEL: 'error',
        NSM_METRICS_ADDRESS: `127.0.0.1:${port}`,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const kill = async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    owned.defer(kill)
    return kill
  }
  const metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()

  const kill = start()
  const { forwarderSocket } = await registrar.nextRegistration()
  await using channel = dial(`unix://${forwarderSocket}`)
  const wired = await channel.client(Forwarder).request(
    exampleCrossConnect({
      source: { name: 'nsm0', netns: client },
      destination: { name: 'nsm0-nse', netns: endpoint },
    }),
  )
  const to = host(
    wired.destination?.context?.ipContext?.dstIpAddrs[0] ?? wired.source?.context?.ipContext?.dstIpAddrs[0],
  )
  inNetns(client, () => execFileSync(process.execPath, ['-e', sender, to]).length)
  const before = await metrics()
  expect(before).toMatch(/^nsm_forwarder_connections 1$/m)
  expect(before).toMatch(/^nsm_forwarder_calls_total\{method="Request",code="OK"\} 1$/m)
  expect(before).toMatch(/^nsm_forwarder_netlink_requests_total\{type="RTM_NEWLINK"\} [1-9]/m)
  await kill()

  start()
  await registrar.nextRegistration()
  const after = await metrics()
  for (const [side, name, least] of [
    ['client', 'nsm0', 3 * 142],
    // It answers that nobody listens, and says its MAC before.
    ['endpoint', 'nsm0-nse', 42],
  ] as const) {
    expect(sentBytes(before, side, name)).toBeGreaterThanOrEqual(least)
    expect(sentBytes(after, side, name)).toBeGreaterThanOrEqual(sentBytes(before, side, name))
  }
})

function sentBytes(text: string, side: string, name: string): number {
  const line = text
    .split('\n')
    .find(
      row =>
        row.startsWith('nsm_connection_transmit_bytes_total{connection="x1"') &&
        row.includes(`side="${side}",interface="${name}"`),
    )
  return Number(line?.split(' ').at(-1))
}

function host(cidr = ''): string {
  return cidr.split('/')[0] ?? ''
}

function bringOwnLoopbackUp(): void {
  using kernel = netlinkKernel()
  using own = kernel.openOwn()
  own.link.set(own.link.get('lo')?.index ?? 1, { admin: 'up' })
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
