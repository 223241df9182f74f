import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { CheckResult } from '#cli/check/run-checks.ts'
import { nsmCommand } from '#cli/program.ts'
import type { ApiCall } from '#kube/api.ts'
import { NsmError } from '#sdk/errors.ts'
import { statusAnnotation } from '#webhook/names.ts'
import { useCluster } from './cluster.ts'
import { configurationPath, type InstalledWebhook, installWebhook } from './install-webhook.ts'
import { startProgram } from './process.ts'

const cluster = await useCluster()
const { signal } = new AbortController()
const kubeconfig = join(cluster.folder, 'admin.kubeconfig')
const key = 'ns.networkservicemesh.io'

interface Entry {
  readonly clientConfig: object
}

function ask(method: ApiCall['method'], path: string, body?: object) {
  return cluster.api.call({ method, path, signal, ...(body === undefined ? {} : { body }) })
}

/** Runs `nsm check`. */
async function check(...args: readonly string[]) {
  const written: string[] = []
  const codes: number[] = []
  const context = {
    out: (text: string) => void written.push(text),
    note: () => undefined,
    paint: (_: string, text: string) => text,
    progress: 'lines',
    calledAs: 'nsm',
    columns: () => 80,
    signal,
  } as const
  const command = nsmCommand(context, code => codes.push(code))
  await command.parseAsync(['check', '--kubeconfig', kubeconfig, ...args], { from: 'user' })
  return { text: written.join(''), code: codes.at(-1) }
}

/** What a check finds in a namespace, as lines. */
async function findings(id: string, namespace: string): Promise<readonly string[]> {
  const { text } = await check('--namespace', namespace, '--json')
  const { checks } = JSON.parse(text) as { readonly checks: readonly CheckResult[] }
  const found = checks.find(result => result.id === id)?.findings ?? []
  return found.map(
    ({ severity, object, finding, remedy }) => `${severity} ${object}: ${finding} -> ${remedy}`,
  )
}

const sample = { containers: [{ name: 'app', image: 'app' }] }

function pod(name: string, metadata: object, spec: object = sample) {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata }, spec }
}

function workload(
  kind: string,
  name: string,
  more: { readonly metadata?: object; readonly template?: object } = {},
) {
  const labels = { app: name }
  const template = { metadata: { labels, ...more.template }, spec: sample }
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, ...more.metadata },
    spec: { selector: { matchLabels: labels }, template },
  }
}

describe('nsm check on a cluster without the webhook', () => {
  it('says that it is not installed, and ends with 1', async () => {
    const namespace = await cluster.newNamespace('bare')
    const { text, code } = await check('--namespace', namespace)
    expect(code).toBe(1)
    expect(text).toMatch(
      /^error +webhook-configuration +MutatingWebhookConfiguration nsm-webhook +does not exist/m,
    )
    expect(text).toMatch(/^ok +kubernetes-version/m)
    expect(text).toMatch(/^ok +clock/m)
  })

  it('refuses both ways of naming namespaces, and a kubeconfig that is not there', async () => {
    await expect(check('--all-namespaces', '--namespace', 'x')).rejects.toMatchObject({ code: 'BAD_USAGE' })
    await expect(check('--kubeconfig', '/nowhere')).rejects.toMatchObject({ code: 'BAD_CONFIG' })
  })
})

describe('nsm check', () => {
  let webhook: InstalledWebhook
  let namespace: string
  let old: string
  const at = (resource: string, root = '/api/v1') => `${root}/namespaces/${namespace}/${resource}`

  beforeAll(async () => {
    namespace = await cluster.newNamespace('check')
    old = await cluster.newNamespace('old', { annotations: { [key]: 'vpn' } })
    const annotations = { [key]: 'vpn' }
    // Older than the webhook.
    await ask('POST', at('pods'), pod('old', { annotations }))
    await ask(
      'POST',
      at('deployments', '/apis/apps/v1'),
      workload('Deployment', 'old', { metadata: { annotations } }),
    )
    const status = JSON.stringify({ version: 1, image: 'nsm-init:old', initContainers: ['nsm-init'] })
    const resources = { limits: { 'networkservicemesh.io/socket': '1' } }
    const initContainers = [{ name: 'nsm-init', image: 'nsm-init:old', resources }]
    await ask(
      'POST',
      at('pods'),
      pod(
        'outdated',
        { annotations: { ...annotations, [statusAnnotation]: status } },
        { ...sample, initContainers },
      ),
    )
    await ask('PATCH', `${at('pods')}/outdated/status`, { status: { phase: 'Running' } })
    await systemNamespace()
    // Seconds are all that creation times tell.
    const second = Math.ceil(Date.now() / 1_000) * 1_000
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(second), { timeout: 3_000, interval: 50 })
    webhook = await installWebhook(cluster)
  })

  afterAll(async () => {
    await ask('DELETE', `${slices}/nsm-webhook-1`)
    await webhook?.[Symbol.asyncDispose]()
  })

  /** As the manifests make it, with an endpoint that is ready; no controller is there to make one. */
  async function systemNamespace() {
    const labels = { 'pod-security.kubernetes.io/enforce': 'privileged' }
    await make('/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'nsm-system' },
    })
    await ask('PATCH', '/api/v1/namespaces/nsm-system', { metadata: { labels } })
    await make(slices, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'nsm-webhook-1', labels: { 'kubernetes.io/service-name': 'nsm-webhook' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.9'], conditions: { ready: true } }],
      ports: [],
    })
  }

  /** Other files of the tier may have made the namespace. */
  async function make(path: string, body: object): Promise<void> {
    try {
      await ask('POST', path, body)
    } catch (thrown) {
      if (NsmError.from(thrown).code !== 'ALREADY_EXISTS') throw thrown
    }
  }

  const slices = '/apis/discovery.k8s.io/v1/namespaces/nsm-system/endpointslices'

  it('finds nothing in a namespace where all is well but what a mesh needs besides the webhook', async () => {
    const clean = await cluster.newNamespace('clean')
    await ask('POST', `/api/v1/namespaces/${clean}/pods`, pod('web', { annotations: { [key]: 'vpn' } }))
    const { text, code } = await check('--namespace', clean)
    const found = text.split('\n').filter(line => /^(error|warning)/.test(line))
    expect(found.filter(line => !/^error +(custom-resources|issuer) /.test(line))).toEqual([])
    expect(code).toBe(found.length === 0 ? 0 : 1)
  })

  it('finds pods that are older than the webhook, were annotated later, or cannot be injected', async () => {
    await ask('POST', at('pods'), pod('late', {}))
    await ask('PATCH', `${at('pods')}/late`, { metadata: { annotations: { [key]: 'vpn' } } })
    await ask(
      'POST',
      at('pods'),
      pod('host', { annotations: { [key]: 'vpn' } }, { ...sample, hostNetwork: true }),
    )
    const found = await findings('uninjected-pods', namespace)
    expect(found.toSorted()).toEqual([
      expect.stringMatching(/^warning Pod .*\/host: .*hostNetwork: true/),
      expect.stringMatching(/^warning Pod .*\/late: .*the annotation came after the pod was made/),
      expect.stringMatching(/^warning Pod .*\/old: .*before the webhook was installed/),
    ])
  })

  it('finds the template of an older workload, and its command heals it', async () => {
    const [found = '', ...others] = await findings('workload-templates', namespace)
    expect(others).toEqual([])
    expect(found).toContain('Deployment')
    await runRemedy(found)
    expect(await findings('workload-templates', namespace)).toEqual([])
  })

  it('finds an annotated namespace without its label, and its command heals it', async () => {
    const [found = '', ...others] = await findings('namespace-labels', old)
    expect(others).toEqual([])
    await runRemedy(found)
    expect(await findings('namespace-labels', old)).toEqual([])
  })

  it('finds a label without an annotation, and its command heals it', async () => {
    const labelled = await cluster.newNamespace('label', {
      labels: { 'networkservicemesh.io/inherit': 'true' },
    })
    const [found = ''] = await findings('namespace-labels', labelled)
    await runRemedy(found)
    expect(await findings('namespace-labels', labelled)).toEqual([])
  })

  /** Runs the kubectl command of a finding. */
  async function runRemedy(found: string): Promise<void> {
    const command = found.split(' -> kubectl ')[1] ?? ''
    const words = command.match(/'[^']*'|\S+/g) ?? []
    const flags = [`--kubeconfig=${kubeconfig}`, ...words.map(word => word.replaceAll("'", ''))]
    // Its cache goes to the cluster's folder.
    await promisify(execFile)(cluster.binaries.kubectl, flags, { env: { HOME: cluster.folder } })
  }

  it('finds what the controllers of Kubernetes cannot make, in their own words', async () => {
    await using _ = startProgram(cluster.folder, cluster.binaries['kube-controller-manager'], [
      `--kubeconfig=${kubeconfig}`,
      '--controllers=replicaset-controller,statefulset-controller,job-controller',
      '--leader-elect=false',
      '--secure-port=0',
    ])
    const template = { annotations: { [key]: 'vpn,' } }
    for (const kind of ['ReplicaSet', 'StatefulSet'])
      await ask(
        'POST',
        at(`${kind.toLowerCase()}s`, '/apis/apps/v1'),
        workload(kind, 'refused', { template }),
      )
    await ask('POST', at('jobs', '/apis/batch/v1'), {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'refused' },
      spec: { template: { metadata: template, spec: { ...sample, restartPolicy: 'Never' } } },
    })
    const found = await vi.waitFor(
      async () => {
        const lines = await findings('stuck-workloads', namespace)
        expect(lines).toHaveLength(3)
        return lines
      },
      { timeout: 30_000, interval: 500 },
    )
    expect(found).toEqual(
      ['ReplicaSet', 'StatefulSet', 'Job'].map(kind =>
        expect.stringMatching(
          new RegExp(
            `^error ${kind} .*/refused: cannot make pods, the webhook refuses them: .*entry 2.* -> correct`,
          ),
        ),
      ),
    )
  })

  it('finds pods with another image, and running pods in mode init', async () => {
    expect(await findings('version-skew', namespace)).toEqual([
      expect.stringMatching(
        /^warning Pods .*: 1 of them have nsm-init:old; the webhook puts networkservicemesh\/nsm-init:latest/,
      ),
    ])
    expect(await findings('init-mode', namespace)).toEqual([expect.stringMatching(/^note Pods .*400 ms/)])
  })

  it('finds that no webhook is ready', async () => {
    const endpoints = (ready: boolean) => [{ addresses: ['10.0.0.9'], conditions: { ready } }]
    await ask('PATCH', `${slices}/nsm-webhook-1`, { endpoints: endpoints(false) })
    expect(await findings('webhook-endpoints', namespace)).toEqual([expect.stringContaining('none is ready')])
    await ask('PATCH', `${slices}/nsm-webhook-1`, { endpoints: endpoints(true) })
  })

  it('finds that the mesh cannot run under its Pod Security level', async () => {
    const enforce = (level: string) =>
      ask('PATCH', '/api/v1/namespaces/nsm-system', {
        metadata: { labels: { 'pod-security.kubernetes.io/enforce': level } },
      })
    await enforce('restricted')
    expect(await findings('pod-security', namespace)).toEqual([
      expect.stringMatching(/^error Namespace nsm-system/),
    ])
    await enforce('privileged')
  })

  it('is satisfied with a namespace that enforces the standard restricted', async () => {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    const strict = await cluster.newNamespace('strict', { labels })
    expect(await findings('injection', strict)).toEqual([])
    expect(await findings('pod-security', strict)).toEqual([])
  })

  it('finds a registration that selects too much and asks for all, and one that ignores failures', async () => {
    const { webhooks } = (await ask('GET', configurationPath)) as { readonly webhooks: readonly object[] }
    const [pods, ...others] = webhooks
    await ask('PATCH', configurationPath, {
      webhooks: [{ ...pods, namespaceSelector: {}, matchConditions: [], failurePolicy: 'Ignore' }, ...others],
    })
    expect(await findings('webhook-configuration', namespace)).toEqual([
      expect.stringMatching(/^error .*pods\.networkservicemesh\.io: selects namespace nsm-system/),
      expect.stringMatching(/^error .*selects namespace kube-system/),
      expect.stringMatching(/^warning .*has no matchConditions/),
      expect.stringMatching(/^warning .*failurePolicy Ignore/),
    ])
    await ask('PATCH', configurationPath, { webhooks })
  })

  it('finds that the API server does not trust the webhook', async () => {
    const caBundle = Buffer.from(cluster.ca).toString('base64')
    await whileRegistered(
      ({ clientConfig }) => ({ clientConfig: { ...clientConfig, caBundle } }),
      'does not trust',
    )
  })

  it('finds that the Service of the webhook is not there', async () => {
    const service = { name: 'nsm-webhook', namespace: 'nsm-system', path: '/mutate' }
    await whileRegistered(() => ({ clientConfig: { service } }), 'there is no webhook to ask')
  })

  it('finds that the API server gets no answer, as behind a firewall', async () => {
    const silence = createServer().listen(0, '127.0.0.1')
    await once(silence, 'listening')
    const { port } = silence.address() as AddressInfo
    const clientConfig = { url: `https://127.0.0.1:${port}/mutate` }
    await whileRegistered(() => ({ clientConfig, timeoutSeconds: 1 }), 'TCP port 8443')
    silence.close()
  })

  /** Expects a finding of `injection` while the entries are changed, and none afterwards. */
  async function whileRegistered(change: (entry: Entry) => object, finding: string): Promise<void> {
    const { webhooks } = (await ask('GET', configurationPath)) as { readonly webhooks: readonly Entry[] }
    await ask('PATCH', configurationPath, {
      webhooks: webhooks.map(entry => ({ ...entry, ...change(entry) })),
    })
    await vi.waitFor(
      async () => expect(await findings('injection', namespace)).toEqual([expect.stringContaining(finding)]),
      { timeout: 10_000 },
    )
    await ask('PATCH', configurationPath, { webhooks })
    await vi.waitFor(async () => expect(await findings('injection', namespace)).toEqual([]), {
      timeout: 10_000,
    })
  }

  it('finds that nothing listens where the API server asks', async () => {
    await webhook.stop()
    expect(await findings('injection', namespace)).toEqual([expect.stringContaining('nothing listens there')])
  })
})
