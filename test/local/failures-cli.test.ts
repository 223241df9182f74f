import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientPod, endpointPod, kill, Manifests, podNamed, serviceObject } from './fixture.ts'
import { connectionsOf, eventually, meshNamed, podsOf } from './nsm.ts'

const mesh = meshNamed('qa-cli')
const manifests = new Manifests()
const all = manifests.file(
  'all',
  serviceObject('web'),
  endpointPod('gateway', 'web', { IP_ADDRESS: '10.60.1.0/24' }),
  clientPod('client', 'web'),
)

/** Runs `nsm ARGS` with something on its standard input. */
async function runWith(input: string, ...args: readonly string[]) {
  const child = spawn('node_modules/.bin/node', ['dist/cli.js', ...args], {
    env: { ...process.env, NSM_MESH: mesh.name, NO_COLOR: '1' },
  })
  // A command that ends without reading breaks the pipe, which is what some of these tests are about.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, stdout, stderr }
}

/** Resolves when a process of the command has written something that matches. */
async function says(child: ReturnType<typeof mesh.start>, pattern: RegExp): Promise<void> {
  let heard = ''
  for await (const chunk of child.stdout ?? []) {
    heard += String(chunk)
    if (pattern.test(heard)) return
  }
  throw new Error(`it ended without saying ${pattern}: ${heard}`)
}

describe('the command', () => {
  beforeAll(async () => {
    await mesh.ok('up', '-f', all)
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it.each([
    { command: 'exit 3', code: 3 },
    { command: 'kill -9 $$', code: 137 },
    { command: 'kill -15 $$', code: 143 },
    { command: 'true', code: 0 },
  ])('nsm exec of "$command" ends with $code', async ({ command, code }) => {
    expect((await mesh.run('exec', 'client', '--', 'sh', '-c', command)).code).toBe(code)
  })

  it('nsm exec of a program that does not exist ends with 127 and names it', async () => {
    const done = await mesh.run('exec', 'client', '--', 'no-such-program')
    expect(done.code).toBe(127)
    expect(done.stderr).toMatch(/no-such-program/)
  })

  it('nsm exec hands its standard input on, byte for byte, and its end', async () => {
    const input = `${'0123456789abcdef'.repeat(65_536)}end`
    const done = await runWith(input, 'exec', 'client', '--', 'cat')
    expect(done.code).toBe(0)
    expect(done.stdout.length).toBe(input.length)
    expect(done.stdout).toBe(input)
  })

  it('nsm exec keeps standard output and standard error apart', async () => {
    const done = await mesh.run('exec', 'client', '--', 'sh', '-c', 'echo out; echo err >&2; exit 1')
    expect(done).toEqual({ code: 1, stdout: 'out\n', stderr: 'err\n' })
  })

  it('nsm exec of a command that does not read its input ends with its code', async () => {
    expect((await runWith('x'.repeat(1_000_000), 'exec', 'client', '--', 'sh', '-c', 'exit 4')).code).toBe(4)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('%s during nsm exec ends the command in the pod', async signal => {
    const child = mesh.start('exec', 'client', '--', 'sh', '-c', 'echo begun; exec sleep 7654')
    await says(child, /begun/)
    child.kill(signal)
    const [code] = await once(child, 'exit')
    expect(code).toBe(130)
    await eventually('the command is gone', async () =>
      (await mesh.run('exec', 'client', '--', 'pgrep', '-f', '^sleep 7654')).code === 1 ? true : undefined,
    )
  })

  it('nsm logs --follow is ended by Ctrl-C, without a complaint', async () => {
    const child = mesh.start('logs', 'gateway', '--follow')
    const complaint = text(child.stderr ?? process.stdin)
    await says(child, /registered/)
    child.kill('SIGINT')
    const [code] = await once(child, 'exit')
    expect(await complaint).toBe('')
    expect([0, 130]).toContain(code)
  })

  it('nsm logs knows the programs of the mesh, with and without their node', async () => {
    expect(await mesh.ok('logs', 'manager')).toMatch(/manager/)
    expect(await mesh.ok('logs', 'manager/node-1')).toBe(await mesh.ok('logs', 'manager'))
  })

  it('nsm apply of the same files says that nothing has changed, and changes nothing', async () => {
    const look = async () => ({
      pods: (await podsOf(mesh)).map(({ name, containers }) => ({ name, containers })),
      connections: await connectionsOf(mesh),
    })
    const before = await look()
    const done = await mesh.run('apply', '-f', all)
    expect(done.code).toBe(0)
    for (const object of ['networkservice/web', 'pod/gateway', 'pod/client'])
      expect(done.stderr).toContain(`${object} unchanged`)
    expect(await look()).toEqual(before)
  })

  it('the webhook is killed: nsm apply works again when it is back', async () => {
    await kill(mesh, { program: 'webhook' })
    const file = manifests.file('other', clientPod('other', 'web'))
    await eventually('the pod is admitted', async () =>
      (await mesh.run('apply', '-f', file)).code === 0 ? true : undefined,
    )
    expect((await podNamed(mesh, 'other'))?.status).toBe('Running')
    await mesh.ok('delete', '-f', file)
  })

  it('nsm delete -f takes away what nsm apply -f made', async () => {
    await mesh.ok('delete', '-f', all)
    expect(await podsOf(mesh)).toEqual([])
    expect(await connectionsOf(mesh)).toEqual([])
    expect(await mesh.ok('services')).not.toContain('web')
  })

  it('of two nsm up at the same moment one succeeds and the other is told to use apply', async () => {
    const twins = meshNamed('qa-twins')
    try {
      const runs = await Promise.all([twins.run('up'), twins.run('up')])
      expect(runs.map(({ code }) => code).toSorted((a, b) => a - b)).toEqual([0, 73])
      expect(runs.map(({ stderr }) => stderr).join('')).toMatch(/nsm apply/)
      expect(await podsOf(twins)).toEqual([])
    } finally {
      await twins.run('down')
    }
  })
})
