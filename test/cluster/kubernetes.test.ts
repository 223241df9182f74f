import { describe, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'

const cluster = await useCluster()

/** A pod that sleeps on a node. */
const sleeper = (name: string, nodeName: string) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      nodeName,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'busybox', command: ['sleep', '3600'] }],
    },
  })

describe('the cluster of the tests', () => {
  it('has nodes that are Ready', async () => {
    const count = await cluster.waitFor(
      async () => {
        const said = await cluster.kubectl('get nodes')
        const ready = said.split('\n').filter(line => / Ready /.test(line)).length
        return ready === cluster.nodes.length ? ready : undefined
      },
      { what: 'nodes are Ready' },
    )
    expect(count).toBeGreaterThanOrEqual(1)
  })

  it('carries packets between pods of two nodes, and names', async () => {
    const namespace = await cluster.newNamespace('pods')
    const [first = '', second = first] = cluster.nodes
    await cluster.apply(sleeper('a', first), namespace)
    await cluster.apply(sleeper('b', second), namespace)
    await cluster.kubectl(`-n ${namespace} wait pod/a pod/b --for=condition=Ready --timeout=60s`)
    const ip = await cluster.kubectl(`-n ${namespace} get pod b -o jsonpath={.status.podIP}`)
    expect(await cluster.inPod(namespace, 'a', `ping -c 1 -W 5 ${ip}`)).toContain('1 packets received')
    const found = await cluster.waitFor(
      () => cluster.inPod(namespace, 'a', 'nslookup kubernetes.default.svc.cluster.local'),
      { what: 'cluster DNS answers' },
    )
    const service = await cluster.kubectl('-n default get service kubernetes -o jsonpath={.spec.clusterIP}')
    expect(found).toContain(service)
  })
})
