// `node test/cluster/up-child.ts [NODES]`: a cluster of the tests to try things in, until it is interrupted.
import { once } from 'node:events'
import { startCluster } from './start-cluster.ts'

await using cluster = await startCluster({ nodes: Number(process.argv[2] ?? 2) })
const { kubeconfig, kubectlPath } = cluster.facts
process.stdout.write(`export KUBECONFIG=${kubeconfig} KUBECTL=${kubectlPath}\n`)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
