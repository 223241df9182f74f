import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommanderError } from 'commander'
import { nsmCommand } from '#cli/program.ts'
import { NsmError } from '#sdk/errors.ts'

/** What a command wrote and how it ended. */
export interface Ran {
  readonly out: string
  readonly report: string
  readonly exit: number
}

/** Runs `nsm` in this process, without colours; errors become an exit code as in the real one. */
export async function nsm(...args: readonly string[]): Promise<Ran> {
  let out = ''
  let report = ''
  let exit = 0
  const command = nsmCommand(
    {
      out: text => void (out += text),
      note: text => void (report += text),
      paint: (_, text) => text,
      progress: 'lines',
      calledAs: 'nsm',
      columns: () => 80,
      signal: new AbortController().signal,
    },
    code => void (exit = code),
  )
  try {
    await command.parseAsync([...args], { from: 'user' })
  } catch (thrown) {
    if (thrown instanceof CommanderError) return { out, report, exit: thrown.exitCode === 0 ? 0 : 64 }
    const error = NsmError.from(thrown)
    return { out, report: `${report}nsm: ${error.message} [${error.code}]\n`, exit: error.kind.exit }
  }
  return { out, report, exit }
}

/** A folder that goes when the test's scope ends. */
export function folder(files: Readonly<Record<string, string>> = {}): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'nsm-inject-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}
