import { describe, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'

const cluster = await useCluster()
const [first = '', second = ''] = cluster.nodes

/** A pod that sleeps on a node, Ready; gives its address. */
async function sleeper(namespace: string, name: string, nodeName: string): Promise<string> {
  const container = { name: 'main', image: 'busybox', command: ['sleep', '3600'] }
  const spec = { nodeName, terminationGracePeriodSeconds: 0, containers: [container] }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }
  await cluster.apply(JSON.stringify(pod), namespace)
  await cluster.kubectl(`-n ${namespace} wait pod/${name} --for=condition=Ready --timeout=60s`)
  return cluster.kubectl(`-n ${namespace} get pod ${name} -o jsonpath={.status.podIP}`)
}

/** Whether a pod hears another one. */
async function hears(namespace: string, address: string): Promise<boolean> {
  return cluster.inPod(namespace, 'a', `ping -c 1 -W 1 ${address}`).then(
    () => true,
    () => false,
  )
}

// On a cluster of KUBECONFIG nothing is broken on purpose.
describe.skipIf(cluster.own === undefined)('what a test can break', () => {
  it('kubelet: pods live on without it, and new ones start when it is back', async () => {
    const namespace = await cluster.newNamespace('kubelet')
    await sleeper(namespace, 'a', first)
    const address = await sleeper(namespace, 'b', second)
    await cluster.faults.stop(second, 'kubelet')
    expect(await hears(namespace, address)).toBe(true)
    await cluster.faults.start(second, 'kubelet')
    await sleeper(namespace, 'c', second)
  })

  it('the API server: it is silent, and knows everything when it is back', async () => {
    const namespace = await cluster.newNamespace('apiserver')
    await cluster.faults.stopControl('apiserver')
    await expect(cluster.kubectl('get nodes')).rejects.toThrow()
    await cluster.faults.startControl('apiserver')
    expect(await cluster.kubectl(`get namespace ${namespace} -o name`)).toBe(`namespace/${namespace}\n`)
  })

  it('a cable: nothing reaches the node until it is back', async () => {
    const namespace = await cluster.newNamespace('cable')
    await sleeper(namespace, 'a', first)
    const address = await sleeper(namespace, 'b', second)
    await cluster.faults.setCable(second, 'down')
    try {
      expect(await hears(namespace, address)).toBe(false)
    } finally {
      await cluster.faults.setCable(second, 'up')
    }
    await cluster.waitFor(() => hears(namespace, address), { what: 'the node is back' })
  })

  it('the power of a node: its disk is what is left, and its pods start again', async () => {
    const namespace = await cluster.newNamespace('power')
    await sleeper(namespace, 'a', second)
    await cluster.onNode(second, ['touch', '/var/lib/stays', '/run/goes'])
    await cluster.faults.crash(second)
    await cluster.faults.boot(second)
    expect(
      await cluster.onNode(second, ['sh', '-c', 'ls -d /var/lib/stays /run/goes 2>/dev/null || true']),
    ).toBe('/var/lib/stays\n')
    await cluster.waitFor(
      async () => {
        const restarts = await cluster.kubectl(
          `-n ${namespace} get pod a -o jsonpath={.status.containerStatuses[0].restartCount}`,
        )
        return Number(restarts) > 0 && (await cluster.inPod(namespace, 'a', 'echo here'))
      },
      { what: 'the pod runs again', within: 120_000 },
    )
    await cluster.kubectl(`wait node/${second} --for=condition=Ready --timeout=60s`)
  })
})
