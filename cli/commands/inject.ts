import { type Command, Option } from 'commander'
import type { Context } from '#cli/context.ts'
import { inheritedIn } from '#cli/inject/inherited.ts'
import { injectObject } from '#cli/inject/inject-object.ts'
import { runTransform, type TransformOptions, transformCommand } from '#cli/inject/run-transform.ts'
import { addSettings, type SettingsOptions, settingsOf } from '#cli/inject/settings-options.ts'

interface InjectOptions extends TransformOptions, SettingsOptions {
  readonly namespace: string
}

/** `nsm inject`: manifests as the webhook would leave their pods, without a cluster. */
export function injectCommand(context: Context, exit: (code: number) => void): Command {
  return addSettings(transformCommand('inject'))
    .description('render the injection into manifests, without a cluster')
    .addOption(
      new Option('-n, --namespace <namespace>', 'namespace of objects that name none').default('default'),
    )
    .addHelpText(
      'after',
      '\nExample: nsm inject -f web.yaml | kubectl apply -f -\nWhen an object is refused, nothing is printed and the exit code is 65. The webhook leaves alone what is injected.',
    )
    .action(async (files: readonly string[], options: InjectOptions) => {
      const settings = settingsOf(options, process.env)
      exit(
        await runTransform(
          { files, options },
          sources => {
            const found = { settings, namespace: options.namespace, inheritedIn: inheritedIn(sources) }
            return object => injectObject(object, found)
          },
          context,
        ),
      )
    })
}
