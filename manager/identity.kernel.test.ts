import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { peerOf } from '#kernel/peer.ts'
import { fakeEndpoint } from './fake-endpoint.ts'
import { fakeForwarder } from './fake-forwarder.ts'
import { testNode } from './fixture.ts'
import { ownNetnsCookie } from './own-netns.ts'

/** Says which network namespace it lives in, then, on each line with the path of a socket, asks there for `vpn`. */
const program = `
import { createInterface } from 'node:readline'
import { peerOf } from '#kernel/peer.ts'
import { ownNetnsCookie } from '#manager/own-netns.ts'
import { unary } from '#sdk/rpc/unary.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
console.log(String(await ownNetnsCookie(peerOf)))
for await (const path of createInterface({ input: process.stdin })) {
  const request = { connection: { id: 'c1', networkService: 'vpn' } }
  const asked = unary('unix://' + path, NetworkService.method.request, request)
  console.log(await asked.then(({ id }) => id, error => error.code + ': ' + error.message))
}
`

/** A process in a network namespace of its own, or in ours. */
class Caller implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(where: 'own namespace' | 'namespace of the node') {
    const argv = [process.execPath, '--input-type=module-typescript', '--eval', program]
    const [command = '', ...rest] = where === 'own namespace' ? ['unshare', '-n', ...argv] : argv
    this.#process = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
    if (this.#process.stdout === null) throw new Error('no stdout')
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  async line(): Promise<string> {
    return String((await this.#lines.next()).value)
  }

  async ask(path: string): Promise<string> {
    this.#process.stdin?.write(`${path}\n`)
    return await this.line()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return
    const exit = once(this.#process, 'exit')
    this.#process.kill()
    await exit
  }
}

describe('the identity of a caller, by real sockets and namespaces', () => {
  it('is its network namespace: a pod is served, its neighbour and the node are DENIED at its workspace', async () => {
    await using node = await testNode({ peerOf, nodeCookie: await ownNetnsCookie(peerOf) })
    await using forwarder = await fakeForwarder(node.baseDir)
    await using client = new Caller('own namespace')
    await using neighbour = new Caller('own namespace')
    await using onNode = new Caller('namespace of the node')
    const cookies = await Promise.all(
      [client, neighbour, onNode].map(async caller => BigInt(await caller.line())),
    )
    const [own = 0n, other = 0n] = cookies
    expect(new Set(cookies).size).toBe(3)
    for (const [name, netnsCookie] of Object.entries({ client: own, neighbour: other })) {
      const pod = { uid: name, name, namespace: 'default', netnsCookie }
      await node.nsmd.requestClientConnection({ workspace: name, pod })
    }
    const gateway = await node.pod('gateway')
    await using _endpoint = await fakeEndpoint(node, gateway, { service: 'vpn' })

    const socket = join(node.baseDir, 'client', 'nsm.server.io.sock')
    expect(await client.ask(socket)).toBe('c1')
    expect(forwarder.asked[0]?.source?.mechanism?.parameters['netnsCookie']).toBe(String(own))
    expect(await neighbour.ask(socket)).toMatch(/^DENIED: .*lives in pod default\/neighbour/)
    expect(await onNode.ask(socket)).toMatch(/^DENIED: .*node's own network namespace/)
    await node.nsmd.deletePod({ uid: 'client' })
    expect(await client.ask(socket)).toMatch(/^SOCKET_MISSING/)
  })
})
