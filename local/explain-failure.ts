import { readFile } from 'node:fs/promises'
import { type ErrorCode, errorKinds, NsmError } from '#sdk/errors.ts'

/** Kernel settings that forbid user namespaces, with the value that does and the one that does not. */
const switches = [
  { name: 'user.max_user_namespaces', forbids: '0', allows: '15000' },
  { name: 'kernel.unprivileged_userns_clone', forbids: '0', allows: '1' },
  { name: 'kernel.apparmor_restrict_unprivileged_userns', forbids: '1', allows: '0' },
] as const

/** Makes an error of what a supervisor that did not come up has written. */
export async function explainFailure(errors: string, exitCode: number): Promise<NsmError> {
  const said = errors.trim()
  const refusal = /^unshare: (.*(?:not permitted|denied|No space left).*)$/m.exec(said)?.[1]
  if (refusal !== undefined) {
    return new NsmError(
      'UNSUPPORTED',
      `this machine forbids user namespaces (${refusal}); ${adviceFor(await settings())}`,
    )
  }
  const own = /^nsm-local: (.*) \[([A-Z_]+)\]$/m.exec(said)
  const code = own?.[2] ?? ''
  if (own?.[1] !== undefined && isErrorCode(code)) return new NsmError(code, `starting a mesh: ${own[1]}`)
  return new NsmError(
    'INTERNAL',
    `starting a mesh: the supervisor ended with ${exitCode}: ${said === '' ? 'it said nothing' : said}`,
  )
}

/** One sentence that says what to switch on, from the present values of the kernel's settings. */
export function adviceFor(values: Readonly<Record<string, string>>): string {
  const off = switches.filter(({ name, forbids }) => values[name] === forbids)
  if (off.length === 0)
    return 'nothing in the kernel settings says so, so a container or a security module does: allow unshare(CLONE_NEWUSER) there'
  return `allow them as root with: sysctl -w ${off.map(({ name, allows }) => `${name}=${allows}`).join(' ')}`
}

async function settings(): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(
    await Promise.all(switches.map(async ({ name }) => [name, await settingOf(name)] as const)),
  )
}

/** A setting that this kernel does not have forbids nothing. */
async function settingOf(name: string): Promise<string> {
  return (await readFile(`/proc/sys/${name.replace('.', '/')}`, 'utf8').catch(() => '')).trim()
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorKinds, code)
}
