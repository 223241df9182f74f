import { Command } from 'commander'
import type { Context } from '#cli/context.ts'

/** What the shell shall do besides (cobra's ShellCompDirective, which kubectl understands): offer files, or not. */
const directive = { files: ':0', nothing: ':4' } as const

/** `nsm __complete WORD... LAST`: what the last word may become, for kubectl's completion of `kubectl nsm`. */
export function completeCommand(context: Context, root: () => Command): Command {
  return new Command('__complete')
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action((words: readonly string[]) => {
      const { proposals, besides } = complete(root(), words)
      context.out([...proposals, directive[besides], ''].join('\n'))
    })
}

/** The proposals for the last word, and whether files may be meant. */
export function complete(
  root: Command,
  words: readonly string[],
): { readonly proposals: readonly string[]; readonly besides: keyof typeof directive } {
  const last = words.at(-1) ?? ''
  const [first, ...others] = words.slice(0, -1)
  const fits = (word: string) => word.startsWith(last)
  if (first === undefined) {
    const names = root.commands.map(command => command.name()).filter(name => !name.startsWith('__'))
    return { proposals: names.filter(fits), besides: 'nothing' }
  }
  const command = root.commands.find(one => one.name() === first)
  if (command === undefined) return { proposals: [], besides: 'nothing' }
  const before = others.at(-1)
  const option = command.options.find(
    ({ short, long }) => before !== undefined && [short, long].includes(before),
  )
  // A value comes.
  if (option !== undefined && (option.required || option.optional)) return { proposals: [], besides: 'files' }
  const options = [...command.options.flatMap(({ long }) => long ?? []), '--help']
  if (last.startsWith('-')) return { proposals: options.filter(fits), besides: 'nothing' }
  return { proposals: command.commands.map(one => one.name()).filter(fits), besides: 'files' }
}
