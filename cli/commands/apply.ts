import { Command } from 'commander'
import { type Context, withMesh } from '#cli/context.ts'
import { readManifests } from '#cli/manifests.ts'
import { fileOption, meshOption, waitOption } from '#cli/options.ts'
import { showProgress } from '#cli/output/progress.ts'

/** `nsm apply`: changes a running mesh as `kubectl apply` would. */
export function applyCommand(context: Context): Command {
  return new Command('apply')
    .description('create or change objects of a running mesh')
    .addOption(fileOption().makeOptionMandatory())
    .addOption(meshOption())
    .addOption(waitOption())
    .action(
      async (options: {
        readonly filename: readonly string[]
        readonly name: string
        readonly wait: number
      }) => {
        const manifests = await readManifests(options.filename)
        await withMesh(options.name, ({ mesh }) =>
          showProgress(
            mesh.apply({ manifests: [...manifests], waitMs: options.wait }, { signal: context.signal }),
            context,
          ),
        )
      },
    )
}
