import { existsSync } from 'node:fs'
import { Command, Option } from 'commander'
import type { Context } from '#cli/context.ts'
import { type ExplainContext, type Explanation, explainObject } from '#cli/inject/explain-object.ts'
import { fetchObject, namedObject } from '#cli/inject/from-cluster.ts'
import { inheritedIn, servicesAsked } from '#cli/inject/inherited.ts'
import { objectsIn } from '#cli/inject/pod-places.ts'
import { printExplanation } from '#cli/inject/print-explanation.ts'
import { addSettings, type SettingsOptions, settingsOf } from '#cli/inject/settings-options.ts'
import { readSources } from '#cli/inject/source-files.ts'
import { jsonOption } from '#cli/options.ts'
import { connectApi } from '#kube/connect-api.ts'
import { annotationsOf } from '#kube/meta.ts'
import { NsmError } from '#sdk/errors.ts'
import { inheritLabel } from '#webhook/names.ts'

interface CheckInjectOptions extends SettingsOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace: string
  readonly json?: boolean
}

/** How long the cluster may take to answer, in milliseconds. */
const deadline = 30_000

/** `nsm check-inject`: why a pod is injected, or why not: each rule, and who would send it to the webhook. */
export function checkInjectCommand(context: Context, exit: (code: number) => void): Command {
  return addSettings(new Command('check-inject'))
    .description('explain why a pod is injected or not; exit code 1 when one is not')
    .argument('<target>', 'a file, - for standard input, or of a cluster: POD, pod/NAME, deploy/NAME')
    .addOption(
      new Option('-n, --namespace <namespace>', 'namespace of objects that name none').default('default'),
    )
    .option('--kubeconfig <file>', 'kubeconfig file; default KUBECONFIG or ~/.kube/config')
    .option('--context <name>', 'its context; default the current one')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples: nsm check-inject web.yaml\n          nsm check-inject deploy/web -n shop\nThe settings are those of the options, not those of the cluster’s webhook.',
    )
    .action(async (target: string, options: CheckInjectOptions) => {
      const isFile = target === '-' || existsSync(target)
      if (!isFile && /^[.~/]|\.(ya?ml|json)$|\/.*\//.test(target))
        throw new NsmError('BAD_USAGE', `${target}: there is no such file`)
      const explained = isFile ? await fromFile(target, options) : await fromCluster(target, options, context)
      const concerned = explained.filter(({ rules, result }) => rules.length > 0 || result === 'refused')
      context.out(
        options.json === true
          ? `${JSON.stringify({ objects: explained }, undefined, 2)}\n`
          : (concerned.length === 0 ? explained : concerned).map(printExplanation).join('\n'),
      )
      const good = concerned.every(({ result }) => ['injected', 'would be injected'].includes(result))
      exit(concerned.length > 0 && good ? 0 : 1)
    })
}

async function fromFile(name: string, options: CheckInjectOptions): Promise<readonly Explanation[]> {
  const sources = await readSources({ names: [name], depth: 'flat' })
  const inherited = inheritedIn(sources)
  const context: ExplainContext = {
    settings: settingsOf(options, process.env),
    namespace: options.namespace,
    inheritedIn: inherited,
    labelsOf: namespace => (Object.keys(inherited(namespace)).length === 0 ? {} : { [inheritLabel]: 'true' }),
    origin: 'file',
  }
  return sources.flatMap(({ documents }) =>
    documents.flatMap(({ value }) => objectsIn(value).map(found => explainObject(found, context))),
  )
}

async function fromCluster(
  name: string,
  options: CheckInjectOptions,
  { signal }: Context,
): Promise<readonly Explanation[]> {
  const { kubeconfig, context, namespace } = options
  const target = namedObject(name)
  const settings = settingsOf(options, process.env)
  await using api = await connectApi({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  })
  const fetched = await fetchObject(
    api,
    { target, namespace },
    AbortSignal.any([signal, AbortSignal.timeout(deadline)]),
  )
  return [
    explainObject(fetched.found, {
      settings,
      namespace,
      inheritedIn: () => servicesAsked(annotationsOf(fetched.namespace)),
      labelsOf: () => fetched.namespace.metadata?.labels ?? {},
      origin: 'cluster',
      ...(fetched.installed === undefined ? {} : { installed: fetched.installed }),
    }),
  ]
}
