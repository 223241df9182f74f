import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, meshNamed } from './nsm.ts'

const mesh = meshNamed('t-gone')

/** What there is of this mesh, as the host sees it. Other meshes may come and go meanwhile. */
function traces() {
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  const of = <T>(read: (pid: string) => T) =>
    pids.flatMap(pid => {
      try {
        return [read(pid)]
      } catch {
        return []
      }
    })
  const all = of(pid => ({
    pid,
    netns: readlinkSync(`/proc/${pid}/ns/net`),
    isOurs: readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`NSM_MESH_NAME=${mesh.name}\0`),
  }))
  const namespaces = new Set(
    all
      .filter(({ isOurs, netns }) => isOurs && netns !== readlinkSync('/proc/self/ns/net'))
      .map(({ netns }) => netns),
  )
  return {
    programs: all.filter(({ isOurs }) => isOurs).length,
    /** Whoever lives in a namespace of the mesh, ours or not, by the pid. */
    inhabitants: all.filter(({ netns }) => namespaces.has(netns)).map(({ pid }) => pid),
    mounts: readFileSync('/proc/self/mounts', 'utf8'),
    sockets: readFileSync('/proc/net/unix', 'utf8')
      .split('\n')
      .filter(line => line.includes(mesh.name)),
    temporary: readdirSync(tmpdir()).filter(name => name.includes(mesh.name)),
  }
}

/** The supervisor: the child of unshare, pid 1 of the mesh. */
function supervisorPid(): number {
  const found = readdirSync('/proc').find(pid => {
    try {
      return (
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('local') &&
        readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`NSM_MESH_NAME=${mesh.name}\0`) &&
        /^NSpid:\s+\d+\s+1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
      )
    } catch {
      return false
    }
  })
  if (found === undefined) throw new Error('the supervisor is not running')
  return Number(found)
}

async function killSupervisor(): Promise<void> {
  process.kill(supervisorPid(), 'SIGKILL')
}

describe('nothing stays behind', () => {
  afterEach(async () => {
    await mesh.run('down')
  })

  it.each([
    { end: 'nsm down', nodes: 1, example: 'p2p-link', stop: () => mesh.ok('down') },
    { end: 'nsm down', nodes: 3, example: 'two-nodes', stop: () => mesh.ok('down') },
    { end: 'kill -9 of the supervisor', nodes: 1, example: 'p2p-link', stop: killSupervisor },
    { end: 'kill -9 of the supervisor', nodes: 3, example: 'two-nodes', stop: killSupervisor },
  ])('after $end of $nodes nodes there is no process, namespace, mount, socket or file', async row => {
    const { nodes, example, stop } = row
    const before = traces()
    await mesh.ok('up', '--nodes', String(nodes), '-f', `manifests/examples/${example}`)
    const { programs, inhabitants } = traces()
    expect(programs).toBeGreaterThan(3)
    await stop()
    await eventually('everything is gone', async () => {
      const now = traces()
      const gone =
        now.programs === 0 &&
        now.sockets.length === 0 &&
        inhabitants.every(pid => !existsSync(`/proc/${pid}`))
      return gone ? true : undefined
    })
    expect(traces().mounts).toEqual(before.mounts)
    expect(traces().temporary).toEqual(before.temporary)
  })

  it('Ctrl-C while nsm up waits takes the mesh down', async () => {
    const up = mesh.start('up', '-f', 'manifests/examples/no-endpoint', '--wait', '60s')
    await eventually('the client waits', async () =>
      (await mesh.run('ps')).stdout.includes('Init:0/1') ? true : undefined,
    )
    up.kill('SIGINT')
    await eventually('everything is gone', async () => (traces().programs === 0 ? true : undefined))
  })

  it('two meshes of different names run side by side', async () => {
    const other = meshNamed('t-gone-2')
    await Promise.all([
      mesh.ok('up', '-f', 'manifests/examples/p2p-link'),
      other.ok('up', '-f', 'manifests/examples/p2p-link'),
    ])
    try {
      expect((await mesh.ok('meshes')).split('\n')).toEqual(expect.arrayContaining(['t-gone', 't-gone-2']))
      expect(
        (await other.run('exec', 'device-1', '--', 'ping', '-c', '1', '-W', '2', '10.60.1.2')).code,
      ).toBe(0)
    } finally {
      await other.ok('down')
    }
  })
})
