import { Command } from 'commander'
import type { Context } from '#cli/context.ts'
import { jsonOption } from '#cli/options.ts'
import { meshes } from '#local/connect.ts'

/** `nsm meshes`: the names of this user's running meshes. */
export function meshesCommand(context: Context): Command {
  return new Command('meshes')
    .description('list the meshes that run on this machine')
    .addOption(jsonOption())
    .action(async (options: { readonly json?: boolean }) => {
      const names = await meshes()
      if (options.json === true) context.out(`${JSON.stringify(names)}\n`)
      else for (const name of names) context.out(`${name}\n`)
    })
}
