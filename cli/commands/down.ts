import { Command } from 'commander'
import { type Context, withMesh } from '#cli/context.ts'
import { meshOption } from '#cli/options.ts'
import { showProgress } from '#cli/output/progress.ts'
import { meshes } from '#local/connect.ts'

/** `nsm down`: ends a mesh; one that does not run is down already. */
export function downCommand(context: Context): Command {
  return new Command('down')
    .description('end a mesh; nothing of it stays')
    .addOption(meshOption())
    .action(async (options: { readonly name: string }) => {
      if (!(await meshes()).includes(options.name)) {
        context.note(`mesh "${options.name}" is not running\n`)
        return
      }
      await withMesh(options.name, ({ mesh }) =>
        showProgress(mesh.down({}, { signal: context.signal }), context),
      )
    })
}
