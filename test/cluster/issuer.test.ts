import { describe, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'

const cluster = await useCluster()
const mesh = 'nsm-system'

describe('managers of a cluster', { timeout: 240_000 }, () => {
  it('are certified by the tokens that kubelet gives to their pods', async () => {
    await cluster.install()
    expect(await certifiedNodes()).toEqual([...cluster.nodes].toSorted())
  })

  it('are certified again by themselves when all programs of the mesh are deleted at once', async () => {
    await cluster.install()
    const before = await managerPods()
    await cluster.kubectl(`-n ${mesh} delete pods --all --wait=false`)
    await cluster.waitFor(
      async () => {
        const now = await managerPods()
        return now.length === cluster.nodes.length && now.every(pod => !before.includes(pod))
      },
      { what: 'the managers are other ones', within: 120_000 },
    )
    expect(await certifiedNodes()).toEqual([...cluster.nodes].toSorted())
  })

  it('that start while there is no issuer serve their node, and are certified when it comes', async () => {
    await cluster.install()
    await certifiedNodes()
    await cluster.kubectl(`-n ${mesh} scale deployment/nsm-issuer --replicas=0`)
    await cluster.kubectl(`-n ${mesh} wait --for=delete pod -l app=nsm-issuer --timeout=60s`)
    const [node = ''] = cluster.nodes
    const [old = ''] = await managerPods(node)
    await cluster.kubectl(`-n ${mesh} delete pod ${old}`)
    const name = await cluster.waitFor(
      async () => {
        const [pod] = await managerPods(node)
        const log = pod === undefined ? '' : await logOf(pod)
        const waits = log.includes('the issuer gave no certificate, there is no certificate yet')
        return waits && log.includes('the manager serves') && pod
      },
      { what: 'a manager serves, and says that it waits for the issuer', within: 120_000 },
    )
    await cluster.kubectl(`-n ${mesh} scale deployment/nsm-issuer --replicas=1`)
    await cluster.waitFor(async () => (await logOf(name)).includes(`certified as node ${node}`), {
      what: 'that manager is certified',
      within: 120_000,
    })
  })
})

/** The nodes whose managers are certified, when all are. */
async function certifiedNodes(): Promise<readonly string[]> {
  return await cluster.waitFor(
    async () => {
      const logs = await Promise.all((await managerPods()).map(logOf))
      const nodes = logs.flatMap(log =>
        [...log.matchAll(/certified as node ([^\s"]+)/g)].map(([, node]) => node ?? ''),
      )
      return nodes.length >= cluster.nodes.length && [...new Set(nodes)].toSorted()
    },
    { what: 'all managers are certified', within: 120_000 },
  )
}

/** Names of the managers' pods that are not on their way out. */
async function managerPods(node?: string): Promise<readonly string[]> {
  const { items } = JSON.parse(
    await cluster.kubectl(`-n ${mesh} get pods -l app=nsm-manager -o json`),
  ) as PodList
  return items
    .filter(
      ({ metadata, spec }) =>
        metadata.deletionTimestamp === undefined && (node ?? spec.nodeName) === spec.nodeName,
    )
    .map(({ metadata }) => metadata.name)
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
    readonly spec: { readonly nodeName: string }
  }[]
}

function logOf(pod: string): Promise<string> {
  return cluster.kubectl(`-n ${mesh} logs ${pod} -c manager`)
}
