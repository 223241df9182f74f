import { Command } from 'commander'
import { checks } from '#cli/check/checks.ts'
import { factsOf } from '#cli/check/facts.ts'
import { resultJson, resultTable } from '#cli/check/print-results.ts'
import { isClean, runChecks } from '#cli/check/run-checks.ts'
import { askManagers as askEach } from '#cli/cluster/ask-managers.ts'
import type { Context } from '#cli/context.ts'
import { jsonOption } from '#cli/options.ts'
import { connectCluster } from '#kube/connect-cluster.ts'
import { NsmError } from '#sdk/errors.ts'

interface CheckOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
  readonly allNamespaces?: boolean
  readonly json?: boolean
}

/** All checks together, in milliseconds. */
const deadline = 60_000

/** `nsm check`: whether the webhook of a Kubernetes cluster works, and what in the cluster suffers from it. */
export function checkCommand(context: Context, exit: (code: number) => void): Command {
  return new Command('check')
    .description('find what is wrong with the mesh of a Kubernetes cluster; exit code 1 when something is')
    .option('--kubeconfig <file>', 'kubeconfig file; default KUBECONFIG or ~/.kube/config')
    .option('--context <name>', 'its context; default the current one')
    .option('-n, --namespace <namespace>', 'whose pods and workloads to look at (default: "default")')
    .option('-A, --all-namespaces', 'look at those of all namespaces')
    .addOption(jsonOption())
    .action(async (options: CheckOptions) => {
      if (options.allNamespaces === true && options.namespace !== undefined)
        throw new NsmError('BAD_USAGE', '--namespace and --all-namespaces: give one of the two')
      const { kubeconfig, context: name } = options
      await using cluster = await connectCluster({
        ...(kubeconfig === undefined ? {} : { kubeconfig }),
        ...(name === undefined ? {} : { context: name }),
      })
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(deadline)])
      const namespace = options.allNamespaces === true ? undefined : (options.namespace ?? 'default')
      const askManagers = (meshNamespace: string) => askEach(cluster, meshNamespace, signal)
      const facts = factsOf({ api: cluster, namespace, askManagers, signal })
      const results = await runChecks(checks, facts, signal)
      context.out(options.json === true ? resultJson(results) : resultTable(results))
      exit(isClean(results) ? 0 : 1)
    })
}
