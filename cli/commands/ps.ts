import { Command } from 'commander'
import type { Context } from '#cli/context.ts'
import { addTarget, jsonOption } from '#cli/options.ts'
import { age } from '#cli/output/age.ts'
import { jsonOf } from '#cli/output/json.ts'
import { table } from '#cli/output/table.ts'
import { type TargetOptions, withTarget } from '#cli/target.ts'
import { ListPodsReplySchema, type PodStatus } from '#sdk/wire/gen/local/local_pb.ts'

/** `nsm ps`: the pods, as `kubectl get pods -o wide` shows them. */
export function psCommand(context: Context): Command {
  return addTarget(new Command('ps'))
    .description('list pods')
    .option('-n, --namespace <namespace>', 'pods of one namespace; default those of all')
    .addOption(jsonOption())
    .action(async (options: TargetOptions & { readonly json?: boolean }) => {
      const reply = await withTarget(options, context, ({ mesh }) =>
        mesh.listPods({}, { signal: context.signal }),
      )
      const { namespace } = options
      const pods = reply.pods.filter(pod => namespace === undefined || pod.namespace === namespace)
      if (options.json === true) context.out(jsonOf(ListPodsReplySchema, { ...reply, pods }))
      else context.out(podTable(pods, new Date()))
    })
}

function podTable(pods: readonly PodStatus[], now: Date): string {
  return table(
    ['NAMESPACE', 'NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE', 'NODE', 'MESSAGE'],
    pods.map(pod => [
      pod.namespace,
      pod.name,
      `${pod.ready}/${pod.total}`,
      pod.status,
      String(pod.restarts),
      age(pod.created, now),
      pod.node,
      pod.containers.find(container => container.message !== '')?.message ?? '',
    ]),
  )
}
