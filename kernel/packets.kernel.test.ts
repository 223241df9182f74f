import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { apply } from './apply.ts'
import type { NetnsName } from './link-plan.ts'
import { netlinkKernel } from './netlink.ts'
import { createNetns, inNetns, type NetnsFile } from './netns.ts'
import { temporaryFolder } from './scratch.ts'

const server = `require('node:net').createServer(s => s.end(s.remoteAddress)).listen(8080, '::', () => console.log('ready'))`
const client = `require('node:net').connect(8080, process.argv[1]).pipe(process.stdout)`

test.each([
  { name: 'IPv4', own: '10.0.0.1', other: '10.0.0.2', length: 30, seen: '::ffff:10.0.0.1' },
  { name: 'IPv6', own: '2001:db8::1', other: '2001:db8::2', length: 126, seen: '2001:db8::1' },
])(
  'apply() makes a link that carries $name from one pod to the other at once',
  async ({ own, other, length, seen }) => {
    using folder = temporaryFolder()
    using pod = createNetns(`${folder.path}/pod`)
    using endpoint = createNetns(`${folder.path}/endpoint`)
    using kernel = netlinkKernel()
    const end = (netns: NetnsName, address: string) => {
      const addresses = [`${address}/${length}`]
      return {
        netns,
        name: 'nsm0',
        alias: `nsm:x:${address}`,
        addresses,
        routes: [],
        neighbours: [],
        policies: [],
      }
    }
    const ends = [end(pod, own), end(endpoint, other)] as const
    await apply(kernel, { id: 'x', kind: 'veth', ends }, AbortSignal.timeout(5000))

    const serving = nodeIn(endpoint, server)
    await once(serving.stdout, 'data')
    expect(await text(nodeIn(pod, client, other).stdout)).toBe(seen)
    serving.kill('SIGKILL')
    await once(serving, 'exit')
  },
)

function nodeIn(netns: NetnsFile, code: string, ...args: readonly string[]) {
  return inNetns(netns, () =>
    spawn(process.execPath, ['-e', code, ...args], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
}
