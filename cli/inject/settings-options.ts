import { type Command, Option } from 'commander'
import { readConfig } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import { modes, type PatchSettings, patchConfig, patchSettings, pullPolicies } from '#webhook/settings.ts'

/** What the command line may say about rendering; each stands for an environment variable of the webhook. */
export interface SettingsOptions {
  readonly image?: string
  readonly sidecarImage?: string
  readonly pullPolicy?: string
  readonly mode?: string
  readonly nativeSidecars?: string
  readonly meshNamespace?: string
  readonly ignoredNamespaces?: string
}

const variables = {
  image: patchConfig.initImage.env,
  sidecarImage: patchConfig.sidecarImage.env,
  pullPolicy: patchConfig.pullPolicy.env,
  mode: patchConfig.mode.env,
  nativeSidecars: patchConfig.nativeSidecars.env,
  meshNamespace: patchConfig.namespace.env,
  ignoredNamespaces: patchConfig.ignoredNamespaces.env,
} as const satisfies Record<keyof SettingsOptions, string>

/** Gives a command the options of the webhook's settings. */
export function addSettings(command: Command): Command {
  const options = [
    new Option('--image <image>', `image of the init container [${variables.image}]`),
    new Option('--sidecar-image <image>', `image of the side-car [${variables.sidecarImage}]`),
    new Option('--pull-policy <policy>', `pull policy [${variables.pullPolicy}]`).choices(pullPolicies),
    new Option('--mode <mode>', `container that ends, or one that stays [${variables.mode}]`).choices(modes),
    new Option(
      '--native-sidecars <on|off>',
      `side-cars as init containers [${variables.nativeSidecars}]`,
    ).choices(['auto', 'on', 'off']),
    new Option('--mesh-namespace <namespace>', `namespace of the mesh [${variables.meshNamespace}]`),
    new Option('--ignored-namespaces <list>', `where nothing is injected [${variables.ignoredNamespaces}]`),
  ]
  return options.reduce((chain, option) => chain.addOption(option), command)
}

/**
 * The webhook's settings: of the options, else of its environment variables, else its defaults. Throws BAD_USAGE for a
 * value that a setting cannot have.
 */
export function settingsOf(
  options: SettingsOptions,
  env: Readonly<Record<string, string | undefined>>,
): PatchSettings {
  const given = Object.fromEntries(
    Object.entries(variables).flatMap(([option, variable]) => {
      const found = Object.entries(options).find(([key]) => key === option)?.[1]
      return typeof found === 'string' ? [[variable, found]] : []
    }),
  )
  try {
    return patchSettings(readConfig(patchConfig, { ...env, ...given }))
  } catch (cause) {
    throw new NsmError('BAD_USAGE', cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
