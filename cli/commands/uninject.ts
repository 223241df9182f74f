import type { Command } from 'commander'
import type { Context } from '#cli/context.ts'
import { runTransform, type TransformOptions, transformCommand } from '#cli/inject/run-transform.ts'
import { uninjectObject } from '#cli/inject/uninject-object.ts'

/** `nsm uninject`: takes out of manifests what `nsm inject`, or the webhook, put there. */
export function uninjectCommand(context: Context, exit: (code: number) => void): Command {
  return transformCommand('uninject')
    .description('take an injection out of manifests: the inverse of inject')
    .addHelpText('after', '\nExample: kubectl get pod web -o yaml | nsm uninject')
    .action(async (files: readonly string[], options: TransformOptions) => {
      exit(await runTransform({ files, options }, () => uninjectObject, context))
    })
}
