import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectionsOf, host, meshNamed } from './nsm.ts'

const mesh = meshNamed('t-secure')
const example = 'manifests/examples/secure-intranet'
const folder = mkdtempSync(join(tmpdir(), 'nsm-secure-'))

/** Packets that an endpoint's pod has received over interfaces of the mesh. */
async function packetsAt(pod: string): Promise<number> {
  const links = JSON.parse(await mesh.ok('exec', pod, '--', 'ip', '-s', '-j', 'link')) as readonly {
    ifname: string
    stats64: { rx: { packets: number } }
  }[]
  return links.filter(link => link.ifname !== 'lo').reduce((sum, link) => sum + link.stats64.rx.packets, 0)
}

async function pingFive(): Promise<void> {
  const [row] = await connectionsOf(mesh)
  await mesh.ok(
    'exec',
    row?.client.name ?? '',
    '--',
    'ping',
    '-c',
    '5',
    '-i',
    '0.05',
    '-W',
    '2',
    host(row?.connection.context.ipContext.dstIpAddrs[0]),
  )
}

describe('secure-intranet', () => {
  beforeAll(async () => {
    await mesh.ok('up', '-f', example)
  })
  afterAll(async () => {
    await mesh.ok('down')
    rmSync(folder, { recursive: true, force: true })
  })

  it('a client without labels falls to the wildcard match: its traffic is counted at the firewall, none at the gateway', async () => {
    await pingFive()
    expect(await packetsAt('firewall')).toBeGreaterThanOrEqual(5)
    expect(await packetsAt('vpn-gateway')).toBe(0)
  })

  it('relabelled by its annotation and rolled out, it is sent to the gateway', async () => {
    const changed = join(folder, 'client.yaml')
    const text = await readFile(`${example}/3-client.yaml`, 'utf8')
    writeFileSync(
      changed,
      text.replace('secure-intranet-connectivity\n', 'secure-intranet-connectivity?app=firewall\n'),
    )
    await mesh.ok('apply', '-f', changed)
    const rows = await connectionsOf(mesh)
    expect(rows.map(row => row.endpoint.name)).toEqual(['vpn-gateway'])
    await pingFive()
    expect(await packetsAt('vpn-gateway')).toBeGreaterThanOrEqual(5)
  })
})
