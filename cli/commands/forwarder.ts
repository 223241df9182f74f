import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { Command } from 'commander'
import type { Context } from '#cli/context.ts'
import { jsonOption } from '#cli/options.ts'
import { NsmError } from '#sdk/errors.ts'

interface VerifyOptions {
  readonly registrar?: string
  readonly network: readonly string[]
  readonly only?: string
  readonly json?: boolean
}

/** `nsm forwarder`: for those who write one. */
export function forwarderCommand(context: Context, exit: (code: number) => void): Command {
  return new Command('forwarder').description('for authors of forwarders').addCommand(verify(context, exit))
}

function verify(context: Context, exit: (code: number) => void): Command {
  return new Command('verify')
    .description('hold a forwarder to its contract; exit code 1 when it breaks it')
    .argument('<socket>', 'path of the socket that it serves')
    .argument('[command...]', 'after --: how to start it; without, one that runs is asked')
    .option(
      '--registrar <path>',
      'also serve a registrar there, in the place of a manager, and look at the registration',
    )
    .option(
      '--network <name>',
      'an external network that it has, if it does not say so itself; may be repeated',
      (name: string, others: readonly string[]) => [...others, name],
      [],
    )
    .option('--only <text>', 'only the checks with this text in their names')
    .addOption(jsonOption())
    .addHelpText('after', explanation)
    .action(async (socket: string, command: readonly string[], options: VerifyOptions) => {
      const { registrar, network, only, json } = options
      const args = [
        ...(registrar === undefined ? [] : ['--registrar', resolve(registrar)]),
        ...network.flatMap(name => ['--network', name]),
        ...(only === undefined ? [] : ['--only', only]),
        ...(json === true ? ['--format', 'json'] : []),
        '--',
        resolve(socket),
        ...command,
      ]
      exit(
        await run(
          [...(command.length === 0 ? [] : apart), process.execPath, program(), ...args],
          context.signal,
        ),
      )
    })
}

const explanation = `
It makes pods, as network namespaces, asks the forwarder for interfaces in them, and looks at what it did.

With a COMMAND it starts the forwarder itself, both in a user namespace of their own: no privilege is needed, nothing on
the machine is touched, and the forwarder is also killed and started again. Without one it must run where the forwarder
finds its pods: as root on the node, in the same PID and user namespace.

Example: NSM_BASEDIR=/tmp/f nsm forwarder verify /tmp/f/my.sock --registrar /tmp/f/nsm.forwarder-registrar.io.sock -- my-forwarder`

/** Whatever the forwarder does there, it goes with them; as root too, because nothing of it shall stay. */
const apart = [
  'unshare',
  '--user',
  '--map-root-user',
  '--net',
  '--mount',
  '--propagation',
  'private',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
]

/** A program of its own, because it loads the kernel's library, which this command needs for nothing else. */
function program(): string {
  const folder = import.meta.dirname
  return basename(folder) === 'commands'
    ? join(dirname(dirname(folder)), 'forwarder', 'verify', 'main.ts')
    : join(folder, 'forwarder-verify.js')
}

async function run([file = '', ...args]: readonly string[], signal: AbortSignal): Promise<number> {
  // `node` in the command is the one that runs us.
  const PATH = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter)
  const child = spawn(file, args, { stdio: 'inherit', env: { ...process.env, PATH } })
  const kill = (): void => void child.kill(file === 'unshare' ? 'SIGKILL' : 'SIGTERM')
  signal.addEventListener('abort', kill, { once: true })
  try {
    const [code] = await once(child, 'exit')
    return typeof code === 'number' ? code : 130
  } catch (cause) {
    throw new NsmError(
      'UNSUPPORTED',
      `verifying a forwarder: the program "${file}" cannot be run; install util-linux`,
      { cause },
    )
  } finally {
    signal.removeEventListener('abort', kill)
  }
}
