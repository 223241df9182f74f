import { mkdirSync, readFileSync, readlinkSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { mountTmpfs } from '#kernel/mount.ts'
import { nodeNetns } from '#kernel/netns.ts'
import type { Node } from '#local/nodes/node.ts'
import { netnsFolder } from '#local/nodes/places.ts'
import type { ContainerSpec, PodObject } from '#local/objects/object.ts'
import { Changes } from '#local/processes/changes.ts'
import { silent } from '#sdk/log.ts'
import type { Home } from './home.ts'
import { Pod } from './pod.ts'

const changes = new Changes()

/** A node whose manager only remembers what it was told. */
function home(): Home & { readonly told: string[] } {
  const told: string[] = []
  const tell = (word: string) => async () => {
    told.push(word)
    return {}
  }
  const nsmd = { putPod: tell('put'), requestClientConnection: tell('workspace'), deletePod: tell('delete') }
  return {
    told,
    node: { name: 'node-1', base: '/run/nsm/node-1', nsmd } as unknown as Node,
    wiring: { connections: () => 0, endpoints: () => 0 },
    prepare: () => {},
    find: () => undefined,
    baseEnv: { PATH: process.env['PATH'] ?? '' },
    graceMs: 200,
    changed: () => changes.touch(),
    log: silent,
  }
}

const shell = (name: string, script: string, more: Partial<ContainerSpec> = {}): ContainerSpec => ({
  name,
  image: 'alpine',
  command: ['sh', '-c', script],
  ...more,
})

let count = 0
function podOf(spec: PodObject['spec']): PodObject {
  count += 1
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${count}`, namespace: 'default', uid: `uid-${count}` },
    spec,
  }
}

async function until(pod: Pod, condition: (pod: Pod) => boolean): Promise<void> {
  const signal = AbortSignal.timeout(5000)
  while (!condition(pod)) await changes.after(changes.version, signal)
}

function logOf(pod: Pod, container: string): string {
  return pod.containers.find(({ name }) => name === container)?.output.lastLine() ?? ''
}

describe('Pod', () => {
  beforeAll(() => {
    // Outside a user namespace of our own this would hide the machine's /run.
    if (/\b4294967295$/m.test(readFileSync('/proc/self/uid_map', 'utf8')))
      throw new Error('run this in: unshare --user --map-root-user --mount --net')
    mountTmpfs('/run')
    mkdirSync(netnsFolder)
  })

  test('runs init containers in order, then side-cars, then the others, all in a namespace of its own', async () => {
    const pod = new Pod(
      podOf({
        initContainers: [
          shell('first', 'echo 1 >> /run/order'),
          shell('second', 'echo 2 >> /run/order'),
          shell('proxy', 'sleep 60', { restartPolicy: 'Always' }),
        ],
        containers: [shell('app', 'tr "\\n" " " < /run/order; readlink /proc/self/ns/net; sleep 60')],
      }),
      home(),
    )
    pod.start()
    await until(pod, ({ isReady }) => isReady)
    await vi.waitFor(() => expect(logOf(pod, 'app')).toBe(`1 2 net:[${pod.netns.inode}]`))
    expect(pod.states.map(({ role, state }) => `${role} ${state}`)).toEqual([
      'init terminated',
      'init terminated',
      'sidecar running',
      'app running',
    ])
    await pod.remove()
  })

  test('runs in the namespace of its node when it has hostNetwork: true, and leaves that alone at its end', async () => {
    const here = home()
    const node = { ...here.node, netns: nodeNetns() } as unknown as Node
    const script = 'echo "$NSM_BASEDIR $(readlink /proc/self/ns/net)"; sleep 60'
    const pod = new Pod(podOf({ hostNetwork: true, containers: [shell('app', script)] }), { ...here, node })
    pod.start()
    await until(pod, ({ isReady }) => isReady)
    await vi.waitFor(() => expect(logOf(pod, 'app')).toBe(`/run/nsm/node-1 net:[${nodeNetns().inode}]`))
    await pod.remove()
    expect(here.told).toEqual([])
  })

  test('tells the manager of the pod and its workspaces before it starts, and of its end', async () => {
    const here = home()
    const pod = new Pod(
      podOf({
        containers: [
          shell('app', 'env; sleep 60', { resources: { limits: { 'networkservicemesh.io/socket': '1' } } }),
        ],
      }),
      here,
    )
    pod.start()
    await until(pod, ({ isReady }) => isReady)
    expect(pod.commandLike('').env).toMatchObject({
      NSM_SERVER_SOCKET: `/run/nsm/node-1/${pod.uid}-0/nsm.server.io.sock`,
    })
    await pod.remove()
    expect(here.told).toEqual(['put', 'workspace', 'delete'])
  })

  test('shows what an init container waits for, and the message that it leaves', async () => {
    const script = 'echo waiting for nobody; echo the reason > $TERMINATION_LOG; read line < /run/go; exit 3'
    const pod = new Pod(
      podOf({
        restartPolicy: 'Never',
        initContainers: [shell('init', `mkfifo /run/go; ${script}`)],
        containers: [shell('app', 'true')],
      }),
      home(),
    )
    pod.start()
    await until(pod, ({ states }) => states[0]?.message === 'waiting for nobody')
    await writeFile('/run/go', '\n')
    await until(pod, ({ phase }) => phase === 'Failed')
    expect(pod.states[0]).toMatchObject({ state: 'terminated', exitCode: 3, message: 'the reason' })
    await pod.remove()
  })

  test('is done when its containers are, and ends its side-cars then', async () => {
    const pod = new Pod(
      podOf({
        restartPolicy: 'OnFailure',
        initContainers: [shell('proxy', 'sleep 60', { restartPolicy: 'Always' })],
        containers: [shell('app', 'true')],
      }),
      home(),
    )
    pod.start()
    await until(pod, ({ phase }) => phase === 'Succeeded')
    expect(pod.states.map(({ state }) => state)).toEqual(['terminated', 'terminated'])
    await pod.remove()
  })

  test('starts a container again that has ended', async () => {
    const pod = new Pod(podOf({ containers: [shell('app', 'echo again; exit 1')] }), home())
    pod.start()
    await until(pod, ({ states }) => (states[0]?.restarts ?? 0) > 0)
    await pod.remove()
  })

  test('leaves no process behind, not even one that left its group', async () => {
    const pod = new Pod(podOf({ containers: [shell('app', 'setsid sleep 61 & echo $!; wait')] }), home())
    pod.start()
    await vi.waitFor(() => expect(logOf(pod, 'app')).not.toBe(''))
    const { path } = pod.netns
    await pod.remove()
    // Killed, but perhaps not yet reaped by the machine's first process.
    expect(() => readlinkSync(`/proc/${logOf(pod, 'app')}/exe`)).toThrow('ENOENT')
    expect(() => readFileSync(path)).toThrow('ENOENT')
  })
})
