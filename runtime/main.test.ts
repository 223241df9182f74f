import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const fixture = fileURLToPath(new URL('./main.fixture.ts', import.meta.url))

describe('main', () => {
  test('main() ends with 0 when the program returns', async () => {
    expect(await run({ TASK: 'return' })).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('main() prints the message and takes the exit code of an NsmError', async () => {
    expect(await run({ TASK: 'fail' })).toEqual({
      code: 72,
      stdout: '',
      stderr: 'fixture: dialling /run/x: no such socket [SOCKET_MISSING]\n',
    })
  })

  test('main() makes INTERNAL of any other error', async () => {
    expect(await run({ TASK: 'break' })).toEqual({
      code: 70,
      stdout: '',
      stderr: 'fixture: x is undefined [INTERNAL]\n',
    })
  })

  test('main() does not end with 0 when the process has nothing left to wait for, but the program has not returned', async () => {
    expect(await run({ TASK: 'hang' })).toMatchObject({ code: 70 })
  })

  test('main() reports a bad configuration before the program runs', async () => {
    const { code, stderr } = await run({ TASK: 'dance' })
    expect(code).toBe(78)
    expect(stderr).toBe(
      'fixture: configuration: TASK="dance": expected one of return, fail, break, wait, hang [BAD_CONFIG]\n',
    )
  })

  test('main() prints the configuration table when it is asked for help', async () => {
    const { code, stdout } = await run({}, { args: ['--help'] })
    expect(code).toBe(0)
    expect(stdout).toContain('fixture: does as it is told')
    expect(stdout).toContain('TASK')
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('main() aborts the signal of the program on %s', async signal => {
    expect(await run({ TASK: 'wait' }, { signal })).toEqual({
      code: 0,
      stdout: `waiting\nfixture: stopped by ${signal}\n`,
      stderr: '',
    })
  })
})

/** Runs the fixture as a process; `signal` is sent once it has printed something. */
async function run(
  env: Record<string, string>,
  options: { readonly args?: readonly string[]; readonly signal?: NodeJS.Signals } = {},
) {
  const child = spawn(process.execPath, [fixture, ...(options.args ?? [])], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { signal } = options
  if (signal !== undefined) child.stdout.once('data', () => child.kill(signal))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, stdout, stderr }
}
