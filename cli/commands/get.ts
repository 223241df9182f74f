import { Command } from 'commander'
import { type Context, withMesh } from '#cli/context.ts'
import { meshOption, namespaceOption } from '#cli/options.ts'

/** `nsm get`: objects as YAML, pods as the webhook left them. */
export function getCommand(context: Context): Command {
  return new Command('get')
    .description('print objects as YAML, pods as they are after injection')
    .argument('<kind>', 'pod, deployment, networkservice, ...')
    .argument('[object]', 'its name')
    .addOption(namespaceOption())
    .addOption(meshOption())
    .action(
      async (
        kind: string,
        object: string | undefined,
        options: { readonly name: string; readonly namespace: string },
      ) => {
        const request = { kind, name: object ?? '', namespace: options.namespace }
        const reply = await withMesh(options.name, ({ mesh }) =>
          mesh.get(request, { signal: context.signal }),
        )
        context.out(reply.objects.join('---\n'))
      },
    )
}
