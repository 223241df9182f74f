import { Argument, Command } from 'commander'
import type { Context } from '#cli/context.ts'

/** `nsm completion bash|zsh|fish`: a script for the shell, made from the command tree. */
export function completionCommand(context: Context, root: () => Command): Command {
  return new Command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', '\nExample: source <(nsm completion bash)')
    .action((shell: string) => {
      const shown = root().commands.filter(command => !command.name().startsWith('__'))
      const commands = shown.map(command => ({
        name: command.name(),
        words: command.options.flatMap(option => option.long ?? []),
      }))
      context.out(
        shell === 'fish'
          ? fish(commands)
          : (shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : '') + bash(commands),
      )
    })
}

interface Words {
  readonly name: string
  readonly words: readonly string[]
}

function bash(commands: readonly Words[]): string {
  const cases = commands
    .map(command => `    ${command.name}) words="${[...command.words, '--help'].join(' ')}" ;;`)
    .join('\n')
  return `_nsm() {
  local words="${commands.map(command => command.name).join(' ')}"
  [ "$COMP_CWORD" -gt 1 ] && case "\${COMP_WORDS[1]}" in
${cases}
    *) words="" ;;
  esac
  case "\${COMP_WORDS[COMP_CWORD-1]}" in -f|--filename) COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")); return ;; esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _nsm nsm
`
}

function fish(commands: readonly Words[]): string {
  const names = `complete -c nsm -f -n __fish_use_subcommand -a '${commands.map(command => command.name).join(' ')}'\n`
  const options = commands.flatMap(command =>
    command.words.map(
      word =>
        `complete -c nsm -n '__fish_seen_subcommand_from ${command.name}' -l ${word.replace(/^--/, '')}\n`,
    ),
  )
  return names + options.join('')
}
