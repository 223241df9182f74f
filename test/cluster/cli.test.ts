import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'
import { runCli } from './run-cli.ts'

const cluster = await useCluster()
const [near = '', far = near] = cluster.nodes
let namespace = ''

/** A service, its endpoint on one node, and a client that asks for it on another. */
const shop = `
apiVersion: networkservicemesh.io/v1alpha1
kind: NetworkService
metadata: {name: shop}
spec: {payload: IP}
---
apiVersion: v1
kind: Pod
metadata: {name: till, labels: {app: till}}
spec:
  nodeName: ${far}
  terminationGracePeriodSeconds: 1
  containers:
    - name: nse
      image: networkservicemesh/sidecar-nse:test
      env:
        - {name: ENDPOINT_NETWORK_SERVICE, value: shop}
        - {name: IP_ADDRESS, value: 10.61.1.0/24}
      resources: {limits: {networkservicemesh.io/socket: "1"}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {ns.networkservicemesh.io: shop}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeName: ${near}
      terminationGracePeriodSeconds: 1
      containers:
        - {name: app, image: busybox, command: [sleep, "3600"]}
`

beforeAll(async () => {
  await cluster.install()
  namespace = await cluster.newNamespace('cli')
  await cluster.apply(shop, namespace)
  await cluster.kubectl(`-n ${namespace} wait pod/till --for=condition=Ready --timeout=60s`)
  await cluster.kubectl(`-n ${namespace} wait deployment/web --for=condition=Available --timeout=90s`)
}, 240_000)

/** The rows of a table whose line holds a word. */
const rowsWith = (text: string, word: string) => text.split('\n').filter(line => line.includes(word))

describe('nsm on a cluster', () => {
  it('lists the connections of all nodes, as on one machine', async () => {
    const { code, out, err } = await runCli(cluster, 'connections')
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/^cluster https:/) })
    expect(out).toMatch(/^ID +SERVICE +CLIENT +ENDPOINT +INTERFACES +ADDRESSES +NODES +STATE +AGE\n/)
    const [row = '', ...others] = rowsWith(out, ' shop ')
    expect(others).toEqual([])
    expect(row).toMatch(/ web-[a-z0-9-]+ +till +/)
    expect(row).toContain(near === far ? near : `${near} - ${far} VXLAN`)
    expect(row).toMatch(/ UP /)
  })

  it('tells them to programs, and counts their packets', async () => {
    const pods = await cluster.kubectl(`-n ${namespace} get pods -l app=web -o name`)
    await cluster.inPod(
      namespace,
      pods.trim().replace('pod/', ''),
      'ping -c 3 -i 0.2 10.61.1.2 || ping -c 3 10.61.1.1',
    )
    const listed = await runCli(cluster, `connections --json --kubeconfig ${cluster.kubeconfig}`)
    expect(listed.err).toBe('')
    expect(JSON.parse(listed.out)).toMatchObject({
      connections: expect.arrayContaining([
        expect.objectContaining({
          node: near,
          endpointNode: far,
          endpoint: expect.objectContaining({ name: 'till' }),
        }),
      ]),
    })
    const counted = rowsWith((await runCli(cluster, 'connections --stats')).out, ' shop ')
    expect(counted).toHaveLength(2)
    for (const row of counted) expect(row).not.toContain(' 0 packets')
  })

  it('describes how one came about, on both nodes', async () => {
    const { code, out } = await runCli(cluster, `describe deploy/web -n ${namespace}`)
    expect(code).toBe(0)
    expect(out).toMatch(/^Service +shop$/m)
    for (const step of ['requested', 'endpoint-selected', 'client-interface']) expect(out).toContain(step)
  })

  it('shows services, pods and logs', async () => {
    expect(rowsWith((await runCli(cluster, 'services')).out, namespace)[0]).toMatch(/shop +IP +0 +/)
    const pods = (await runCli(cluster, `ps -n ${namespace}`)).out
    expect(rowsWith(pods, ' till ')[0]).toMatch(/1\/1 +Running/)
    expect(pods).not.toContain('nsm-system')
    const log = await runCli(cluster, `logs till -n ${namespace}`)
    expect(log.out).toContain('shop')
    expect((await runCli(cluster, `logs manager/${near} --tail 1`)).out.trim().split('\n')).toHaveLength(1)
    expect(await runCli(cluster, 'logs manager/nowhere')).toMatchObject({
      code: 68,
      err: expect.stringContaining(near),
    })
  })

  it('traces a connection at both ends, where the helper runs', async () => {
    const refused = await runCli(cluster, `trace deploy/web -n ${namespace} --count 1`)
    expect(refused).toMatchObject({ code: 69, err: expect.stringContaining('manifests/base/capture') })
    await cluster.kubectl('apply -k manifests/base/capture')
    try {
      await cluster.kubectl('-n nsm-system rollout status daemonset/nsm-capture --timeout=90s')
      const pods = await cluster.kubectl(`-n ${namespace} get pods -l app=web -o name`)
      const pinging = cluster.inPod(
        namespace,
        pods.trim().replace('pod/', ''),
        'ping -c 40 -i 0.5 -q 10.61.1.2 || true',
      )
      const { code, out } = await runCli(cluster, `trace deploy/web -n ${namespace} --count 4`)
      expect(code).toBe(0)
      for (const [node, pod] of [
        [near, ' web-'],
        [far, ' till '],
      ] as const)
        expect(out.split('\n').filter(line => line.includes(` ${node}${pod}`)).length).toBeGreaterThan(0)
      expect(out).toContain('10.61.1.1 > 10.61.1.2')
      await pinging
    } finally {
      await cluster.kubectl('delete -k manifests/base/capture')
    }
  }, 180_000)

  it('ends a connection', async () => {
    const { code, err } = await runCli(cluster, `delete connection deploy/web -n ${namespace}`)
    expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining('closed') })
  })

  it('is kubectl nsm, with completion', async () => {
    const PATH = [resolve('node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter)
    const env = { ...process.env, PATH, KUBECONFIG: cluster.kubeconfig }
    const kubectl = async (...args: readonly string[]) =>
      (await promisify(execFile)(cluster.kubectlPath, [...args], { env })).stdout
    expect(await kubectl('nsm', 'services', '--help')).toContain('Usage: kubectl nsm services')
    expect(await kubectl('nsm', 'services')).toContain('shop')
    expect(await kubectl('__complete', 'nsm', 'connections', '--st')).toContain('--stats')
  })

  it('finds nothing wrong with a mesh that was just installed', async () => {
    const { code, out } = await runCli(cluster, `check -n ${namespace} --json`)
    const { checks } = JSON.parse(out) as {
      readonly checks: readonly {
        readonly id: string
        readonly findings: readonly { readonly severity: string }[]
      }[]
    }
    const wrong = checks.flatMap(({ id, findings }) =>
      findings.filter(({ severity }) => severity !== 'note').map(finding => ({ id, ...finding })),
    )
    expect({ wrong, code }).toEqual({ wrong: [], code: 0 })
  })

  it('works with the rights that its README names, and says which are missing', async () => {
    await cluster.kubectl(`-n ${namespace} create serviceaccount watcher`)
    const token = (await cluster.kubectl(`-n ${namespace} create token watcher`)).trim()
    const admin = JSON.parse(await cluster.kubectl('config view --raw --flatten --minify -o json')) as Record<
      string,
      unknown
    > & { readonly users: readonly { readonly name: string }[] }
    const users = admin.users.map(({ name }) => ({ name, user: { token } }))
    const folder = await mkdtemp(join(tmpdir(), 'nsm-watcher-'))
    const kubeconfig = join(folder, 'kubeconfig')
    await writeFile(kubeconfig, JSON.stringify({ ...admin, users }))
    try {
      expect(await runCli({ ...cluster, kubeconfig }, 'connections')).toMatchObject({
        code: 77,
        err: expect.stringMatching(/cannot list resource "pods" .* in the namespace "nsm-system"/),
      })
      await cluster.kubectl('-n nsm-system create role nsm-watcher --verb=list --resource=pods')
      await cluster.kubectl(
        `-n nsm-system create rolebinding nsm-watcher --role=nsm-watcher --serviceaccount=${namespace}:watcher`,
      )
      expect(await runCli({ ...cluster, kubeconfig }, 'connections')).toMatchObject({
        code: 77,
        err: expect.stringContaining('cannot get resource "pods/exec"'),
      })
      await cluster.kubectl(
        '-n nsm-system create role nsm-watcher-exec --verb=get,create --resource=pods/exec',
      )
      await cluster.kubectl(
        `-n nsm-system create rolebinding nsm-watcher-exec --role=nsm-watcher-exec --serviceaccount=${namespace}:watcher`,
      )
      expect(await runCli({ ...cluster, kubeconfig }, 'connections')).toMatchObject({ code: 0 })
    } finally {
      await rm(folder, { recursive: true })
      await cluster.kubectl(
        '-n nsm-system delete role,rolebinding nsm-watcher nsm-watcher-exec --ignore-not-found',
      )
    }
  }, 60_000)

  it('names a cluster or a local mesh, not both', async () => {
    expect((await runCli(cluster, `connections --name x --kubeconfig ${cluster.kubeconfig}`)).code).toBe(64)
    expect(await runCli(cluster, 'connections --mesh-namespace default')).toMatchObject({
      code: 68,
      err: expect.stringContaining('nsm install'),
    })
  })
})

describe.skipIf(cluster.own === undefined)('nsm on a cluster one of whose nodes is away', () => {
  it('tells which, and shows the rest', async () => {
    await cluster.faults.stop(far, 'kubelet')
    try {
      const { code, out, err } = await runCli(cluster, 'connections')
      expect(code).toBe(0)
      expect(err).toContain(`node ${far} is missing here: `)
      expect(out).toMatch(/^ID /)
    } finally {
      await cluster.faults.start(far, 'kubelet')
    }
  })
})
