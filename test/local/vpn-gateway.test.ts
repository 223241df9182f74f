import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectionsOf, eventually, meshNamed, podsOf } from './nsm.ts'

const mesh = meshNamed('t-vpn')
const url = 'http://10.100.0.10:8080'
const examples = 'manifests/examples/vpn-gateway'

/** The name of the one pod of the client Deployment. */
async function clientPod(): Promise<string> {
  const pod = (await podsOf(mesh)).find(row => row.name.startsWith('client-'))
  if (pod === undefined) throw new Error('the client pod is not there')
  return pod.name
}

function fetchFrom(pod: string) {
  return mesh.run('exec', pod, '--', 'curl', '--silent', '--show-error', '--max-time', '2', url)
}

describe('vpn-gateway', () => {
  beforeAll(async () => {
    await mesh.ok('up', '-f', examples)
  })
  afterAll(async () => {
    await mesh.ok('down')
  })

  it('the client, which knows only the name of the service, reaches the server behind the gateway', async () => {
    const done = await fetchFrom(await clientPod())
    expect(done).toMatchObject({ code: 0, stdout: 'hello from the intranet\n' })
  })

  it('nsm describe tells the steps of the document, each with time, program, node and object', async () => {
    const text = await mesh.ok('describe', await clientPod())
    const steps = text.split('\n').filter(line => /^ {0,3}\d+ +\d\d:\d\d:\d\d\.\d{3} /.test(line))
    const numbers = steps.map(line => Number(line.trim().split(/\s+/)[0]))
    // The client may have asked before the gateway was there; its last run is the one that counts.
    const run = numbers.lastIndexOf(3)
    expect(numbers.slice(run)).toEqual([3, 4, 5, 6, 7, 8, 10])
    expect(numbers.slice(0, run)).toEqual(expect.arrayContaining([1, 2]))
    for (const line of steps) expect(line).toMatch(/(manager|forwarder|local)\s+node-1\s+\S+/)
  })

  it('a second client is refused by the gateway, which has no address left: step 7 refused, step 4 again', async () => {
    await mesh.ok('apply', '-f', `${examples}/more/second-client.yaml`, '--wait', '0')
    const text = await eventually('a refusal is told', async () => {
      const done = await mesh.run('describe', 'second-client')
      return done.stdout.includes('endpoint-refused') ? done.stdout : undefined
    })
    const numbers = text.split('\n').flatMap(line => /^ {0,3}(\d+) +\d\d:/.exec(line)?.[1] ?? [])
    const refused = numbers.indexOf('7')
    expect(refused).toBeGreaterThan(0)
    expect(numbers.slice(refused)).toContain('4')
    expect(text).toMatch(/pool|address/i)
    await mesh.ok('delete', 'pod', 'second-client')
  })

  it('after Close nothing answers any more', async () => {
    const pod = await clientPod()
    await mesh.ok('delete', 'connection', pod)
    expect(await connectionsOf(mesh)).toEqual([])
    expect((await fetchFrom(pod)).code).not.toBe(0)
  })
})
