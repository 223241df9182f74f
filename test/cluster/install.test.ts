import { expect, it } from 'vitest'
import { useCluster } from './cluster.ts'
import { nsm } from './nsm.ts'

const cluster = await useCluster()

it('nsm install brings up the whole mesh, and says when each program is ready', {
  timeout: 240_000,
}, async () => {
  const said = await nsm(cluster, ['install', '--overlay', 'test', '--wait', '3m'])
  for (const program of [
    'deployment/nsm-webhook',
    'deployment/nsm-issuer',
    'daemonset/nsm-manager',
    'daemonset/nsm-forwarder',
  ])
    expect(said).toContain(`${program} ready`)
  const pods = (await cluster.kubectl('get pods -n nsm-system --no-headers')).trim().split('\n')
  expect(pods.filter(line => !/ (\d+)\/\1 +Running /.test(line))).toEqual([])
})

it('an upgrade of every program loses no packet of a running connection', { timeout: 300_000 }, async () => {
  await cluster.install()
  const namespace = await cluster.newNamespace('upgrade')
  for (const file of ['1-service', '2-endpoint', '3-client'])
    await cluster.apply(`manifests/examples/two-nodes/${file}.yaml`, namespace)
  await cluster.kubectl(`-n ${namespace} wait pod/near-end --for=condition=Ready --timeout=120s`)
  const address =
    /inet (10\.60\.\S+)\/30/.exec(
      await cluster.inPod(namespace, 'near-end', 'ip -4 address show dev tun0'),
    )?.[1] ?? ''
  const peer = address.replace(/\d+$/, last => String(Number(last) + 1))
  const pinging = cluster.inPod(namespace, 'near-end', `ping -q -i 0.1 ${peer} & echo $! >/tmp/ping; wait $!`)
  const said = await nsm(cluster, ['install', '--overlay', 'test', '--image-tag', 'next', '--wait', '4m'])
  expect(said).toMatch(/^daemonset\/nsm-forwarder configured$/m)
  await cluster.inPod(namespace, 'near-end', 'kill -INT $(cat /tmp/ping)')
  expect(await pinging).toMatch(/ 0% packet loss/)
  const images = await cluster.kubectl('-n nsm-system get deployments,daemonsets -o jsonpath={..image}')
  expect(images).not.toContain(':test')
  await nsm(cluster, ['install', '--overlay', 'test', '--wait', '4m'])
})

it('a program that cannot start is told of, and running it again mends it', {
  timeout: 300_000,
}, async () => {
  await cluster.install()
  await expect(
    nsm(cluster, [
      'install',
      '--overlay',
      'test',
      '--set',
      'issuer.NSM_ISSUER_LISTEN=nonsense',
      '--wait',
      '25s',
    ]),
  ).rejects.toThrow(/deployment\/nsm-issuer is not ready in time: .*pod nsm-issuer-\S+ on \S+: issuer /)
  await nsm(cluster, ['install', '--overlay', 'test', '--wait', '3m'])
})

it('uninstalling leaves no link in a pod that lives on, nothing on the nodes, and nothing in the cluster', {
  timeout: 300_000,
}, async () => {
  await cluster.install()
  const namespace = await cluster.newNamespace('uninstall')
  for (const file of ['1-service', '2-endpoint', '3-client'])
    await cluster.apply(`manifests/examples/two-nodes/${file}.yaml`, namespace)
  await cluster.kubectl(`-n ${namespace} wait pod/near-end --for=condition=Ready --timeout=120s`)
  const before = await linksOf(namespace, 'near-end')
  expect(before).toContain('tun0')
  await expect(nsm(cluster, ['uninstall'])).rejects.toThrow(
    new RegExp(`pod/${namespace}/near-end refused uses the mesh[^]*[0-9]+ pods use the mesh`),
  )
  expect(await linksOf(namespace, 'near-end')).toEqual(before)
  expect(await cluster.kubectl('get mutatingwebhookconfigurations -o name')).toContain('nsm-webhook')

  await nsm(cluster, ['uninstall', '--force', '--wait', '4m'])
  expect(await linksOf(namespace, 'near-end')).toEqual(before.filter(name => name !== 'tun0'))
  expect((await linksOf(namespace, 'far-end')).filter(name => !['lo', 'eth0'].includes(name))).toEqual([])
  const kinds = 'namespace,mutatingwebhookconfiguration,clusterrole,clusterrolebinding'
  expect(await cluster.kubectl(`get ${kinds} -l app.kubernetes.io/part-of=nsm -o name`)).toBe('')
  expect(await cluster.kubectl('get nse,nsm -A -o name')).toBe('')
  for (const node of cluster.own === undefined ? [] : cluster.nodes) {
    expect(await cluster.onNode(node, ['ls', '-A', '/var/lib/networkservicemesh'])).toBe('')
    expect(await cluster.onNode(node, ['ip', '-o', 'link', 'show', 'type', 'vxlan'])).toBe('')
  }
  // The pods live, and new ones start, without the mesh.
  await cluster.kubectl(`-n ${namespace} wait pod/near-end --for=condition=Ready --timeout=30s`)
})

it.skipIf(cluster.own === undefined)(
  'a node that does not answer holds uninstalling up, until it is told to skip it',
  { timeout: 300_000 },
  async () => {
    await cluster.install()
    const [, lost = ''] = cluster.nodes
    await using undo = new AsyncDisposableStack()
    undo.defer(() => cluster.faults.start(lost, 'kubelet'))
    await cluster.faults.stop(lost, 'kubelet')
    await cluster.kubectl(`wait node/${lost} --for=condition=Ready=Unknown --timeout=120s`)
    await expect(nsm(cluster, ['uninstall', '--force', '--wait', '20s'])).rejects.toThrow(
      /daemonsets\/nsm-manager: it is not gone in time; run it again.*--skip-nodes/,
    )
    const said = await nsm(cluster, ['uninstall', '--force', '--skip-nodes', '--wait', '2m'])
    expect(said).toMatch(/^namespaces\/nsm-system deleted$/m)
  },
)

/** The interfaces in a pod. */
async function linksOf(namespace: string, pod: string): Promise<readonly string[]> {
  const container = pod === 'far-end' ? 'nse-sidecar' : 'app'
  return cluster.waitFor(
    async () => {
      const text =
        container === 'app'
          ? await cluster.inPod(namespace, pod, 'ls /sys/class/net')
          : await cluster.kubectl([
              '-n',
              namespace,
              'exec',
              pod,
              '--',
              'node',
              '-e',
              "console.log(Object.keys(require('node:os').networkInterfaces()).join('\\n'))",
            ])
      return text.trim().split(/\s+/)
    },
    { what: `the interfaces of ${pod}`, within: 20_000 },
  )
}
