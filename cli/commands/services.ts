import { Command } from 'commander'
import type { Context } from '#cli/context.ts'
import { addTarget, jsonOption } from '#cli/options.ts'
import { table } from '#cli/output/table.ts'
import { type TargetOptions, withTarget } from '#cli/target.ts'

/** `nsm services`: network services and who provides them. */
export function servicesCommand(context: Context): Command {
  return addTarget(new Command('services'))
    .description('list network services and their endpoints')
    .addOption(jsonOption())
    .action(async (options: TargetOptions & { readonly json?: boolean }) => {
      const { rows, nodes } = await withTarget(options, context, async ({ admin, mesh }) => {
        const [status, services, endpoints] = await Promise.all([
          mesh.status({}, { signal: context.signal }),
          admin.listNetworkServices({}, { signal: context.signal }),
          admin.listEndpoints({}, { signal: context.signal }),
        ])
        const listed = services.networkServices.map(item => ({
          namespace: item.namespace,
          name: item.networkService?.name ?? '',
          payload: item.networkService?.payload ?? '',
          matches: item.networkService?.matches.length ?? 0,
          endpoints: endpoints.endpoints
            .filter(
              endpoint =>
                endpoint.endpoint?.networkServiceNames.includes(item.networkService?.name ?? '') === true,
            )
            .map(endpoint => ({ name: endpoint.endpoint?.name ?? '', node: endpoint.node })),
        }))
        return { rows: listed, nodes: status.nodes }
      })
      if (options.json === true) context.out(`${JSON.stringify(rows, undefined, 2)}\n`)
      else
        context.out(
          table(
            ['NAMESPACE', 'NAME', 'PAYLOAD', 'MATCHES', 'ENDPOINTS'],
            rows.map(row => [
              row.namespace,
              row.name,
              row.payload,
              String(row.matches),
              row.endpoints.map(({ name, node }) => (nodes > 1 ? `${name} on ${node}` : name)).join(', '),
            ]),
          ),
        )
    })
}
