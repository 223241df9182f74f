import { Command } from 'commander'
import { type Context, withMesh } from '#cli/context.ts'
import { readManifests } from '#cli/manifests.ts'
import { addTarget, fileOption, namespaceOption } from '#cli/options.ts'
import { showProgress } from '#cli/output/progress.ts'
import { localName, type TargetOptions, withTarget } from '#cli/target.ts'
import { NsmError } from '#sdk/errors.ts'
import { findConnection } from './find-connection.ts'

interface DeleteOptions extends TargetOptions {
  readonly filename?: readonly string[]
  readonly namespace: string
}

/** `nsm delete`: objects by file or by kind and name; `connection ID` ends one connection as its client would. */
export function deleteCommand(context: Context): Command {
  return addTarget(new Command('delete'))
    .description('delete objects, or end a connection')
    .argument('[kind]', 'pod, deployment, networkservice, connection, ...')
    .argument('[object]', 'its name, or the beginning of a connection id')
    .addOption(fileOption())
    .addOption(namespaceOption())
    .action(async (kind: string | undefined, object: string | undefined, options: DeleteOptions) => {
      const byFile = options.filename !== undefined
      if (byFile === (kind !== undefined))
        throw new NsmError('BAD_USAGE', 'delete: name either -f FILE or KIND NAME')
      if (!byFile && object === undefined)
        throw new NsmError('BAD_USAGE', `delete ${kind}: the name of the object is missing`)
      if (kind === 'connection') return await closeConnection(object ?? '', options, context)
      const manifests = await readManifests(options.filename ?? [])
      const request = {
        manifests: [...manifests],
        kind: kind ?? '',
        name: object ?? '',
        namespace: options.namespace,
      }
      await withMesh(localName(options), ({ mesh }) =>
        showProgress(mesh.delete(request, { signal: context.signal }), context),
      )
    })
}

function closeConnection(wanted: string, options: DeleteOptions, context: Context): Promise<void> {
  return withTarget(options, context, async connection => {
    const { namespace } = options
    const record = await findConnection(connection, { name: wanted, namespace }, context.signal)
    const connectionId = record.connection?.id ?? ''
    await connection.admin.closeConnection({ connectionId }, { signal: context.signal })
    context.note(`connection/${connectionId} ${context.paint('green', 'closed')}\n`)
  })
}
