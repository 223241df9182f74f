import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { endProcess, startProcess } from './start-process.ts'

const env = { PATH: process.env['PATH'] ?? '' }
const start = (script: string) => startProcess({ argv: ['sh', '-c', script], env })

describe('startProcess()', () => {
  test.each([
    { story: 'the exit code', script: 'exit 3', code: 3 },
    { story: '128 and the signal', script: 'kill -TERM $$', code: 143 },
  ])('tells $story', async ({ script, code }) => {
    expect(await start(script).exit).toEqual({ code })
  })

  test('tells why a program cannot be run', async () => {
    const { exit } = startProcess({ argv: ['no-such-program-here'], env })
    expect(await exit).toEqual({
      code: 127,
      problem: 'no-such-program-here cannot be run on this machine: no such program',
    })
  })

  test('has all output when it tells the exit', async () => {
    const { child, exit } = start('echo out; echo err >&2')
    const streams = Promise.all(
      [child.stdout, child.stderr].map(async stream => (stream === null ? '' : await text(stream))),
    )
    await exit
    expect(await streams).toEqual(['out\n', 'err\n'])
  })

  test('kills what the process leaves in its group', async () => {
    const { child, exit } = start('sleep 60 & echo $!')
    const pid = child.stdout === null ? '' : text(child.stdout)
    await exit
    expect(() => process.kill(Number(pid), 0)).toThrow()
  })
})

describe('endProcess()', () => {
  test('kills a process that does not listen', async () => {
    const stubborn = start('trap "" TERM; echo ready; while :; do sleep 60 & wait; done')
    await new Promise(resolve => stubborn.child.stdout?.once('data', resolve))
    expect(await endProcess(stubborn, 50)).toEqual({ code: 137 })
  })
})
