import { beforeAll, describe, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'
import { client, gateway, type PodOf, podsOf, readyPod, reasonsOf, untilMeshRuns } from './connected-pods.ts'
import { dumpMesh, type MeshDump, untilMeshIs } from './dump-mesh.ts'
import { peerOf, type SteadyPing, startPing } from './steady-ping.ts'

const cluster = await useCluster()
const [here = '', there = ''] = cluster.nodes
/** Clients: `near` is on the node of the endpoint, `far` on the other one. */
const clients = ['near', 'far'] as const
let namespace = ''

/** What fails, and what is true while it does. */
interface Failure {
  readonly what: string
  /** Resolves with what mends it, or with nothing when it mends by itself. */
  readonly breaks: () => Promise<void | (() => Promise<void>)>
  /** What is waited for before it is mended. */
  readonly meanwhile?: (near: SteadyPing) => Promise<void>
  /** When new pods are asked for. Default: while it is broken. */
  readonly newPods?: 'before'
  /** Whose packets cannot get through. */
  readonly cuts?: (typeof clients)[number]
}

/** Kills a program on every node on which it runs. */
async function kill(program: string): Promise<void> {
  const command = `[a]pp/${program}.js`
  const found = await Promise.all(
    cluster.nodes.map(node =>
      cluster.onNode(node, ['sh', '-c', `pkill -KILL -f '${command}' && echo killed || true`]),
    ),
  )
  expect(found.join('')).toContain('killed')
}

async function deletePods(selector: string): Promise<void> {
  await cluster.kubectl(`-n nsm-system delete pods ${selector} --force --grace-period=0`)
}

/** For how long a ping goes on, told by its own pace. */
async function untilAnswered(ping: SteadyPing, seconds: number): Promise<void> {
  const before = await ping.answers()
  await cluster.waitFor(async () => (await ping.answers()) >= before + seconds * 100, {
    what: `${seconds} s of pings`,
    within: 180_000,
  })
}

async function untilNewPodsWait(): Promise<void> {
  await cluster.waitFor(
    async () => {
      const pods = await Promise.all(newcomers.map(([name]) => podsOf(cluster, namespace, name)))
      return pods.flat().some(({ spec }) => spec.nodeName === there)
    },
    { what: 'a new pod waits at the node' },
  )
}

const newcomers = [
  ['new-here', here],
  ['new-there', there],
] as const

const failures: readonly Failure[] = [
  ...['manager', 'forwarder', 'webhook', 'device-plugin'].map(program => ({
    what: `the process of every ${program} is killed`,
    breaks: () => kill(program),
  })),
  ...['manager', 'forwarder', 'webhook'].map(program => ({
    what: `every pod of nsm-${program} is deleted by force`,
    breaks: () => deletePods(`-l app=nsm-${program}`),
  })),
  { what: 'all programs of the mesh are deleted at once', breaks: () => deletePods('--all') },
  {
    what: 'every kubelet is restarted',
    async breaks() {
      for (const node of cluster.nodes) await cluster.faults.stop(node, 'kubelet')
      return async () => {
        for (const node of cluster.nodes) await cluster.faults.start(node, 'kubelet')
      }
    },
    meanwhile: untilNewPodsWait,
  },
  {
    what: 'the API server is away for 30 s',
    newPods: 'before',
    async breaks() {
      await cluster.faults.stopControl('apiserver')
      return () => cluster.faults.startControl('apiserver')
    },
    meanwhile: near => untilAnswered(near, 30),
  },
  {
    what: 'the node of the endpoint is cut off for 15 s',
    cuts: 'far',
    async breaks() {
      await cluster.faults.setCable(there, 'down')
      return () => cluster.faults.setCable(there, 'up')
    },
    meanwhile: near => untilAnswered(near, 15),
  },
]

beforeAll(async () => {
  await cluster.install()
  namespace = await cluster.newNamespace('failures')
  await cluster.apply(
    [gateway('gateway', there), client('near', there), client('far', here)].join(''),
    namespace,
  )
  for (const name of ['gateway', ...clients]) await readyPod(cluster, namespace, name)
})

describe.skipIf(cluster.own === undefined || cluster.nodes.length < 2)('when', () => {
  it.each(failures)(
    '$what, connections do not notice, and new pods come up by themselves',
    {
      timeout: 400_000,
    },
    async ({ breaks, meanwhile, newPods, cuts }) => {
      await untilMeshRuns(cluster)
      const pods = await Promise.all(['gateway', ...clients].map(name => readyPod(cluster, namespace, name)))
      const [, nearPod, farPod] = pods
      if (nearPod === undefined || farPod === undefined) throw new Error('no clients')
      const before = await dumpMesh(cluster)
      const near = await startPing(cluster, nearPod)
      const far = await startPing(cluster, farPod)
      const start = () =>
        cluster.apply(newcomers.map(([name, node]) => client(name, node)).join(''), namespace)

      if (newPods === 'before') await start()
      const mend = await breaks()
      try {
        if (newPods !== 'before') await start()
        await meanwhile?.(near)
      } finally {
        await mend?.()
      }
      for (const [name] of newcomers) {
        const at = await readyPod(cluster, namespace, name)
        const said = await cluster.inPod(namespace, at.pod, `ping -c 2 -W 5 ${await peerOf(cluster, at)}`)
        expect(said).toContain('2 packets received')
      }
      await untilMeshRuns(cluster)
      const went = await Promise.all([near, far].map(ping => ping.end()))
      for (const [at, { lost, sent }] of went.entries()) {
        expect(sent).toBeGreaterThan(100)
        if (clients[at] !== cuts) expect(lost, `packets of ${clients[at] ?? ''} that are lost`).toEqual([])
        else expect(lost).not.toContain(sent - 2)
      }

      await cluster.kubectl(
        `-n ${namespace} delete deployment ${newcomers.map(([name]) => name).join(' ')} --cascade=foreground`,
      )
      const after = await Promise.all(['gateway', ...clients].map(name => readyPod(cluster, namespace, name)))
      expect(after).toEqual(pods)
      await untilMeshIs(cluster, before)
    },
  )

  it('a node is cut off until it counts as dead, what is within it goes on, and nothing is left half connected', {
    timeout: 400_000,
  }, async () => {
    await untilMeshRuns(cluster)
    const [nearPod, farPod] = [
      await readyPod(cluster, namespace, 'near'),
      await readyPod(cluster, namespace, 'far'),
    ]
    const near = await startPing(cluster, nearPod)
    await cluster.faults.setCable(there, 'down')
    try {
      await untilManagerIs('OFFLINE')
    } finally {
      await cluster.faults.setCable(there, 'up')
    }
    await untilManagerIs('RUNNING')
    await cluster.waitFor(() => isWiredOrClosed(farPod), {
      what: 'far reaches its endpoint, or its connection is closed and it is told so',
      within: 120_000,
    })
    await cluster.waitFor(async () => halves(await dumpMesh(cluster)).length === 0, {
      what: 'no connection has only one end',
    })
    expect((await near.end()).lost).toEqual([])
    await untilMeshRuns(cluster)
    await restart('far')
    expect(halves(await dumpMesh(cluster))).toEqual([])
  })

  it('an endpoint ends, its connections are closed and their pods are told; they are wired when they start again', {
    timeout: 400_000,
  }, async () => {
    const pods = await Promise.all(clients.map(name => readyPod(cluster, namespace, name)))
    await cluster.kubectl(`-n ${namespace} scale deployment gateway --replicas=0`)
    for (const at of pods)
      await cluster.waitFor(
        async () =>
          (await reasonsOf(cluster, at)).includes('NetworkServiceClosed') &&
          !(await cluster.inPod(namespace, at.pod, 'ls /sys/class/net')).includes('nsm0'),
        { what: `${at.pod} is told that its connection is closed`, within: 120_000 },
      )
    expect(await Promise.all(clients.map(name => readyPod(cluster, namespace, name)))).toEqual(pods)
    const { nodes } = await dumpMesh(cluster)
    expect(Object.values(nodes).flatMap(({ links }) => links)).toEqual([])

    await cluster.kubectl(`-n ${namespace} scale deployment gateway --replicas=1`)
    for (const name of clients) await restart(name)
  })
})

/** Pods of a Deployment that start again are wired. */
async function restart(name: string): Promise<void> {
  await cluster.kubectl(`-n ${namespace} rollout restart deployment ${name}`)
  await cluster.kubectl(`-n ${namespace} rollout status deployment ${name} --timeout=120s`)
  await untilReached(await readyPod(cluster, namespace, name))
}

async function untilManagerIs(state: string): Promise<void> {
  await cluster.waitFor(
    async () =>
      (await cluster.kubectl(`-n nsm-system get nsm ${there} -o jsonpath={.status.state}`)) === state,
    { what: `the manager of ${there} is ${state}`, within: 180_000 },
  )
}

async function reaches(at: PodOf): Promise<boolean> {
  const said = await cluster.inPod(at.namespace, at.pod, `ping -c 2 -W 5 ${await peerOf(cluster, at)}`)
  return said.includes('2 packets received')
}

async function untilReached(at: PodOf): Promise<void> {
  await cluster.waitFor(() => reaches(at), { what: `${at.pod} reaches its endpoint` })
}

async function isWiredOrClosed(at: PodOf): Promise<boolean> {
  const interfaces = await cluster.inPod(at.namespace, at.pod, 'ls /sys/class/net')
  return interfaces.includes('nsm0')
    ? await reaches(at)
    : (await reasonsOf(cluster, at)).includes('NetworkServiceClosed')
}

/** Connections of which one end alone is there: both ends have one name on a node, and one number across nodes. */
function halves({ nodes }: MeshDump): readonly string[] {
  const names = Object.values(nodes).flatMap(({ links }) =>
    links.flatMap(link => /vxlan \d+/.exec(link)?.[0] ?? /nsm:\w+/.exec(link)?.[0] ?? []),
  )
  return [...Map.groupBy(names, name => name)].flatMap(([name, ends]) => (ends.length === 2 ? [] : [name]))
}
