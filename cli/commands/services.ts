import { Command } from 'commander'
import { type Context, withMesh } from '#cli/context.ts'
import { jsonOption, meshOption } from '#cli/options.ts'
import { table } from '#cli/output/table.ts'

/** `nsm services`: network services and who provides them. */
export function servicesCommand(context: Context): Command {
  return new Command('services')
    .description('list network services and their endpoints')
    .addOption(meshOption())
    .addOption(jsonOption())
    .action(async (options: { readonly name: string; readonly json?: boolean }) => {
      const rows = await withMesh(options.name, async ({ admin }) => {
        const [services, endpoints] = await Promise.all([
          admin.listNetworkServices({}, { signal: context.signal }),
          admin.listEndpoints({}, { signal: context.signal }),
        ])
        return services.networkServices.map(item => ({
          namespace: item.namespace,
          name: item.networkService?.name ?? '',
          payload: item.networkService?.payload ?? '',
          matches: item.networkService?.matches.length ?? 0,
          endpoints: endpoints.endpoints
            .filter(
              endpoint =>
                endpoint.endpoint?.networkServiceNames.includes(item.networkService?.name ?? '') === true,
            )
            .map(endpoint => endpoint.endpoint?.name ?? ''),
        }))
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
              row.endpoints.join(','),
            ]),
          ),
        )
    })
}
