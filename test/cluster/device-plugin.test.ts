import { isDeepStrictEqual } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'

const cluster = await useCluster()
const [node = ''] = cluster.nodes
const base = '/var/lib/networkservicemesh'
const plugins = '/var/lib/kubelet/device-plugins'
/** Matches no command that asks for it. */
const isPlugin = '[a]pp/device-plugin.js'

/** Milliseconds that a plugin has, tried on 1.34, before kubelet admits the pods that were there. */
const admissionMs = 400

/** What a pod has on the node, and whether kubelet has made anything of it anew. */
interface PodState {
  readonly metadata: { readonly name: string; readonly uid: string }
  readonly status: {
    readonly phase: string
    readonly reason?: string
    readonly containerStatuses?: readonly { readonly ready: boolean; readonly restartCount: number }[]
  }
}

interface Holding {
  readonly name: string
  readonly devices?: number
  readonly user?: number
  /** Which container gets the workspace. */
  readonly holder: 'init' | 'app'
  /** What the holder does first. */
  readonly command?: string
}

/** The template of a pod on the first node, one of whose containers holds devices. */
function podWith({ devices = 1, user = 10_001, holder, command = 'true' }: Omit<Holding, 'name'>) {
  const holding = {
    image: 'busybox',
    securityContext: { runAsUser: user },
    resources: { limits: { 'networkservicemesh.io/socket': String(devices) } },
  }
  const sleep = { image: 'busybox', name: 'app', command: ['sleep', '3600'] }
  return {
    // By the scheduler, which does not bind a pod to a node that has no devices.
    nodeSelector: { 'kubernetes.io/hostname': node },
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    ...(holder === 'init'
      ? {
          initContainers: [{ ...holding, name: 'init', command: ['sh', '-c', command] }],
          containers: [sleep],
        }
      : { containers: [{ ...sleep, ...holding, command: ['sh', '-c', `${command} && sleep 3600`] }] }),
  }
}

async function start(namespace: string, ...pods: readonly Holding[]): Promise<void> {
  const items = pods.map(({ name, ...rest }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: podWith(rest),
  }))
  await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), namespace)
}

async function podsOf(namespace: string): Promise<readonly PodState[]> {
  const said = await cluster.kubectl(`-n ${namespace} get pods -o json`)
  return (JSON.parse(said) as { readonly items: readonly PodState[] }).items
}

const isReady = ({ status }: PodState): boolean =>
  status.phase === 'Running' && status.containerStatuses?.every(({ ready }) => ready) === true

async function untilReady(namespace: string, count: number): Promise<readonly PodState[]> {
  return await cluster.waitFor(
    async () => {
      const pods = await podsOf(namespace)
      return pods.length === count && pods.every(isReady) ? pods : undefined
    },
    { what: `${count} pods of ${namespace} are ready`, within: 120_000 },
  )
}

/**
 * New pods that hold a device come up, so that kubelet and the plugin have found each other. One that was bound a moment
 * before is failed by kubelet, and its controller makes another.
 */
async function admitsNew(namespace: string, name: string): Promise<void> {
  await cluster.apply(deployment(name, { replicas: 1, holder: 'app' }), namespace)
  await available(namespace, name)
  await cluster.kubectl(`-n ${namespace} delete deployment ${name} --cascade=foreground --wait=true`)
}

const identities = (pods: readonly PodState[]) =>
  pods
    .map(({ metadata, status }) => ({
      name: metadata.name,
      uid: metadata.uid,
      phase: status.phase,
      restarts: status.containerStatuses?.map(({ restartCount }) => restartCount),
    }))
    .toSorted((a, b) => a.name.localeCompare(b.name))

/** The workspaces of the node. */
async function workspaces(): Promise<readonly string[]> {
  const said = await cluster.onNode(node, ['ls', base])
  return said.split('\n').filter(name => name.startsWith('nsm-'))
}

async function signal(name: 'STOP' | 'CONT' | 'KILL'): Promise<void> {
  await cluster.onNode(node, ['pkill', `-${name}`, '-f', isPlugin])
}

async function restartKubelet(): Promise<void> {
  await cluster.faults.stop(node, 'kubelet')
  await cluster.faults.start(node, 'kubelet')
}

beforeAll(async () => {
  await cluster.install()
}, 300_000)

describe('a container that asks for networkservicemesh.io/socket', () => {
  it('finds a node that has four for each pod that kubelet allows', async () => {
    const path = String.raw`jsonpath={.status.allocatable.networkservicemesh\.io/socket}`
    await cluster.waitFor(
      async () => Number(await cluster.kubectl(['get', 'node', node, '-o', path])) >= 440,
      {
        what: 'the node has 440 devices',
      },
    )
  })

  it.skipIf(cluster.own === undefined)(
    'has one workspace of its own, whatever its user is, where the manager serves',
    async () => {
      const namespace = await cluster.newNamespace('device')
      const command =
        'until [ -S $NSM_SERVER_SOCKET ]; do sleep 0.1; done; touch $WORKSPACE/mine; ls -ld $WORKSPACE; env'
      await start(
        namespace,
        { name: 'user', holder: 'app', command },
        { name: 'root', holder: 'app', user: 0, command },
        { name: 'three', holder: 'init', devices: 3, command },
      )
      await untilReady(namespace, 3)
      for (const [pod, container] of [
        ['user', 'app'],
        ['root', 'app'],
        ['three', 'init'],
      ]) {
        const said = await cluster.kubectl(`-n ${namespace} logs ${pod} -c ${container}`)
        expect(said).toMatch(/^drwxrwxrwt/m)
        expect(said.split('\n')).toEqual(
          expect.arrayContaining([
            'NSM_DEVICE_PLUGIN=true',
            `NSM_SERVER_SOCKET=${base}/nsm.server.io.sock`,
            `NSM_CLIENT_SOCKET=${base}/nsm.client.io.sock`,
            `WORKSPACE=${base}/`,
          ]),
        )
      }
      const marked = await cluster.onNode(node, ['sh', '-c', `ls ${base}/*/mine`])
      expect(marked.trim().split('\n')).toHaveLength(3)
      expect(await cluster.onNode(node, ['stat', '-c', '%a %u', base])).toContain('700 0')
    },
  )

  it.skipIf(cluster.own === undefined)('leaves no workspace behind when its pod is gone', async () => {
    const namespace = await cluster.newNamespace('device')
    const before = await workspaces()
    await start(namespace, { name: 'a', holder: 'app' }, { name: 'b', holder: 'init' })
    await untilReady(namespace, 2)
    expect(await workspaces()).toHaveLength(before.length + 2)
    await cluster.kubectl(`-n ${namespace} delete pod a b --wait=true`)
    await cluster.waitFor(async () => (await workspaces()).length <= before.length, {
      what: 'the workspaces are gone',
    })
  })
})

describe.skipIf(cluster.own === undefined)('the device plugin', () => {
  it('is there again in time for init-mode pods when kubelet restarts, twenty times', {
    timeout: 400_000,
  }, async ({ annotate }) => {
    const namespace = await cluster.newNamespace('device')
    const names = Array.from({ length: 20 }, (_, index) => `pod-${index}`)
    const fresh = async () => {
      await start(namespace, ...names.map(name => ({ name, holder: 'init' as const })))
      return identities(await untilReady(namespace, names.length))
    }
    let before = await fresh()
    await annotate(await allocationTimes())
    for (let [good, starved] = [0, 0]; good < 20; ) {
      await restartKubelet()
      await admitsNew(namespace, `new-${good}-${starved}`)
      const after = identities(await podsOf(namespace))
      const lateMs = (await registrationTimes()).at(-1) ?? 0
      if (isDeepStrictEqual(after, before)) good += 1
      else {
        // A machine with no time for anybody says nothing about the plugin.
        starved += 1
        if (lateMs < admissionMs || starved > 5) expect(after).toEqual(before)
        await cluster.kubectl(`-n ${namespace} delete pod --all --wait=true`)
        before = await fresh()
      }
    }
    await annotate(`ms from kubelet's socket to the registration: ${(await registrationTimes()).join(' ')}`)
  })

  it('may be killed: pods stay as they are, and new ones come up', async () => {
    const namespace = await cluster.newNamespace('device')
    await start(namespace, { name: 'a', holder: 'app' }, { name: 'b', holder: 'init' })
    const before = identities(await untilReady(namespace, 2))
    await signal('KILL')
    await cluster.waitFor(() => cluster.onNode(node, ['pgrep', '-f', isPlugin]), {
      what: 'the plugin runs again',
    })
    await cluster.waitFor(
      async () => (await cluster.onNode(node, ['ls', plugins])).includes('networkservicemesh'),
      {
        what: 'the plugin serves again',
      },
    )
    await cluster.kubectl('-n nsm-system rollout status daemonset/nsm-manager --timeout=60s')
    await admitsNew(namespace, 'new')
    expect(identities(await podsOf(namespace))).toEqual(before)
  })

  it('that is stopped keeps new pods waiting and disturbs no other, and goes on', async () => {
    const namespace = await cluster.newNamespace('device')
    await start(namespace, { name: 'a', holder: 'init' })
    const before = identities(await untilReady(namespace, 1))
    await signal('STOP')
    try {
      await start(namespace, { name: 'late', holder: 'app' })
      await cluster.waitFor(
        async () =>
          (await podsOf(namespace)).find(({ metadata }) => metadata.name === 'late')?.status.phase ===
          'Pending',
        { what: 'the new pod waits' },
      )
    } finally {
      await signal('CONT')
    }
    await untilReady(namespace, 2)
    expect(identities(await podsOf(namespace))).toEqual(expect.arrayContaining(before))
  })

  it('that is killed while kubelet waits for it fails that one pod, whose controller makes another', async () => {
    const namespace = await cluster.newNamespace('device')
    await signal('STOP')
    await cluster.apply(deployment('killed', { replicas: 1, holder: 'init' }), namespace)
    await cluster.waitFor(async () => (await podsOf(namespace)).length === 1, { what: 'the pod is bound' })
    await signal('KILL')
    await available(namespace, 'killed')
    expect((await podsOf(namespace)).filter(isReady)).toHaveLength(1)
    await cluster.kubectl(`-n ${namespace} delete deployment killed --wait=false`)
  })

  it('goes on when every socket of the directory is removed, and registers when kubelet restarts', async () => {
    const namespace = await cluster.newNamespace('device')
    await start(namespace, { name: 'a', holder: 'init' })
    const before = identities(await untilReady(namespace, 1))
    await cluster.onNode(node, ['sh', '-c', `rm -f ${plugins}/*.sock`])
    await admitsNew(namespace, 'between')
    await restartKubelet()
    await admitsNew(namespace, 'after')
    expect(identities(await podsOf(namespace))).toEqual(before)
  })

  it('registers again when its own socket is removed', async () => {
    const namespace = await cluster.newNamespace('device')
    await cluster.onNode(node, ['sh', '-c', `rm -f ${plugins}/networkservicemesh.io.sock`])
    await cluster.waitFor(
      async () => (await cluster.onNode(node, ['ls', plugins])).includes('networkservicemesh'),
      {
        what: 'the plugin serves again',
      },
    )
    await admitsNew(namespace, 'new')
  })

  it('that is away when kubelet restarts costs init-mode pods their place, and no pod whose side-car holds it', async () => {
    const namespace = await cluster.newNamespace('device')
    await start(namespace, { name: 'sidecar', holder: 'app' })
    await cluster.apply(deployment('lost', { replicas: 3, holder: 'init' }), namespace)
    await available(namespace, 'lost')
    const before = identities((await podsOf(namespace)).filter(({ metadata }) => metadata.name === 'sidecar'))
    await cluster.faults.stop(node, 'kubelet')
    await signal('KILL')
    await cluster.faults.start(node, 'kubelet')
    await cluster.kubectl('-n nsm-system rollout status daemonset/nsm-manager --timeout=120s')
    await admitsNew(namespace, 'new')
    await available(namespace, 'lost')
    const pods = await podsOf(namespace)
    expect(identities(pods.filter(({ metadata }) => metadata.name === 'sidecar'))).toEqual(before)
    expect(pods.filter(({ metadata }) => metadata.name.startsWith('lost')).filter(isReady)).toHaveLength(3)
    for (const { status } of pods.filter(pod => pod.status.phase === 'Failed'))
      expect(status.reason).toBe('UnexpectedAdmissionError')
  })
})

/** What kubelet says of how long Allocate has taken since it started. */
async function allocationTimes(): Promise<string> {
  const metrics = await cluster.kubectl(`get --raw /api/v1/nodes/${node}/proxy/metrics`)
  return metrics
    .split('\n')
    .filter(line => /^kubelet_device_plugin_alloc_duration.*networkservicemesh/.test(line))
    .join('\n')
}

/** Milliseconds from each of kubelet's sockets to the registration there, as the plugin tells them. */
async function registrationTimes(): Promise<readonly number[]> {
  const pod = await cluster.kubectl([
    ...'-n nsm-system get pods -l app=nsm-manager -o name --field-selector'.split(' '),
    `spec.nodeName=${node}`,
  ])
  const log = await cluster.kubectl(`-n nsm-system logs ${pod.trim()} -c device-plugin`)
  const times = [...log.matchAll(/"kubeletMs":(\d+)/g)].map(([, ms]) => Number(ms))
  // The first is the age of a kubelet that was there before.
  return times.slice(1)
}

function deployment(
  name: string,
  { replicas, holder }: { readonly replicas: number; readonly holder: Holding['holder'] },
): string {
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: podWith({ holder }) },
    },
  })
}

async function available(namespace: string, name: string): Promise<void> {
  await cluster.kubectl(`-n ${namespace} rollout status deployment/${name} --timeout=120s`)
}
