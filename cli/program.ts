import { Command, CommanderError } from 'commander'
import { version } from '#runtime/version.ts'
import { NsmError } from '#sdk/errors.ts'
import { applyCommand } from './commands/apply.ts'
import { certsCommand } from './commands/certs.ts'
import { checkCommand } from './commands/check.ts'
import { checkInjectCommand } from './commands/check-inject.ts'
import { completeCommand } from './commands/complete.ts'
import { completionCommand } from './commands/completion.ts'
import { connectionsCommand } from './commands/connections.ts'
import { deleteCommand } from './commands/delete.ts'
import { describeCommand } from './commands/describe.ts'
import { downCommand } from './commands/down.ts'
import { execCommand } from './commands/exec.ts'
import { forwarderCommand } from './commands/forwarder.ts'
import { getCommand } from './commands/get.ts'
import { injectCommand } from './commands/inject.ts'
import { installCommand } from './commands/install.ts'
import { logsCommand } from './commands/logs.ts'
import { meshesCommand } from './commands/meshes.ts'
import { psCommand } from './commands/ps.ts'
import { servicesCommand } from './commands/services.ts'
import { traceCommand } from './commands/trace.ts'
import { uninjectCommand } from './commands/uninject.ts'
import { uninstallCommand } from './commands/uninstall.ts'
import { upCommand } from './commands/up.ts'
import type { Context } from './context.ts'
import { paintFor } from './output/paint.ts'
import { writeAll } from './output/write-all.ts'

/** Runs the nsm command with these arguments; resolves to its exit code. Errors are one line on stderr. */
export async function runCli(args: readonly string[], calledAs = 'nsm'): Promise<number> {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => stop.abort(new NsmError('CANCELLED', `stopped by ${name}`)))
  }
  const context: Context = {
    out: text => writeAll(1, text),
    note: text => writeAll(2, text),
    paint: paintFor(process.stderr),
    progress: process.stderr.isTTY ? 'live' : 'lines',
    columns: () => process.stderr.columns,
    calledAs,
    signal: stop.signal,
  }
  try {
    const results: number[] = []
    await nsmCommand(context, code => results.push(code)).parseAsync([...args], { from: 'user' })
    return results.at(-1) ?? 0
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 64
    const error = NsmError.from(thrown)
    context.note(`${context.paint('red', 'nsm:')} ${error.message} [${error.code}]\n`)
    return error.kind.exit
  }
}

/** The whole command tree; `exit` takes the exit code of commands that have one of their own (exec). */
export function nsmCommand(context: Context, exit: (code: number) => void): Command {
  const nsm = new Command(context.calledAs)
    .description(
      'Network Service Mesh for the plain Linux kernel: a whole mesh on one machine, from Kubernetes YAML.',
    )
    .version(version, '-V, --version')
    .exitOverride()
    .configureOutput({ writeOut: context.out, writeErr: context.note })
    .showSuggestionAfterError()
  const commands = [
    upCommand(context),
    applyCommand(context),
    psCommand(context),
    execCommand(context, exit),
    logsCommand(context),
    connectionsCommand(context),
    describeCommand(context),
    traceCommand(context),
    servicesCommand(context),
    getCommand(context),
    deleteCommand(context),
    downCommand(context),
    meshesCommand(context),
    installCommand(context),
    uninstallCommand(context),
    checkCommand(context, exit),
    injectCommand(context, exit),
    uninjectCommand(context, exit),
    checkInjectCommand(context, exit),
    certsCommand(context, exit),
    forwarderCommand(context, exit),
    completionCommand(context, () => nsm),
  ]
  const hidden = completeCommand(context, () => nsm).copyInheritedSettings(nsm)
  nsm.addCommand(hidden, { hidden: true })
  for (const command of commands) nsm.addCommand(command.copyInheritedSettings(nsm))
  return nsm
}
