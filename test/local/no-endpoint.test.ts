import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectionsOf, eventually, host, meshNamed, podsOf } from './nsm.ts'

const mesh = meshNamed('t-noend')
const examples = 'manifests/examples/no-endpoint'

describe('no-endpoint', () => {
  beforeAll(async () => {
    await mesh.ok('up', '-f', examples, '--wait', '0')
  })
  afterAll(async () => {
    await mesh.ok('down')
  })

  it('the client stays in Init and says which service it waits for and what was looked for', async () => {
    const message = await eventually('the pod says what it waits for', async () => {
      const pod = (await podsOf(mesh)).find(row => row.name === 'client')
      const text = pod?.containers.map(container => container.message).join(' ') ?? ''
      return pod?.status === 'Init:0/1' && text.includes('app=firewall') ? text : undefined
    })
    expect(message).toMatch(/firewall/)
  })

  it('an endpoint applied later un-blocks it, without a restart', async () => {
    await mesh.ok('apply', '-f', `${examples}/later/endpoint.yaml`)
    const pod = await eventually('the client runs', async () =>
      (await podsOf(mesh)).find(row => row.name === 'client' && row.status === 'Running'),
    )
    expect(pod.containers.map(container => container.restarts)).toEqual([0, 0])
    const [row] = await connectionsOf(mesh)
    const ping = await mesh.run(
      'exec',
      'client',
      '--',
      'ping',
      '-c',
      '1',
      '-W',
      '2',
      host(row?.connection.context.ipContext.dstIpAddrs[0]),
    )
    expect(ping.code).toBe(0)
  })
})
