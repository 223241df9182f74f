// `node test/cluster/up-child.ts [NODES]`: a cluster of the tests to try things in, until it is interrupted.
import { once } from 'node:events'
import { startCluster } from './start-cluster.ts'

await using cluster = await startCluster({ nodes: Number(process.argv[2] ?? 2) })
process.stdout.write(`export KUBECONFIG=${cluster.facts.kubeconfig}\n`)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
