import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const fixture = fileURLToPath(new URL('./logger.fixture.ts', import.meta.url))

describe('bufferedLogger()', () => {
  it.each(['ends', 'later', 'throws', 'exits'])('loses no line when the program %s', how => {
    const { stderr } = spawnSync(process.execPath, [fixture, how], { encoding: 'utf8' })
    const lines = stderr
      .split('\n')
      .flatMap(line => (line.startsWith('{') ? [JSON.parse(line) as unknown] : []))
    expect(lines.length).toBe(1_000)
    expect(lines.at(-1)).toMatchObject({ name: 'fixture', msg: 'a line', line: 999 })
  })
})
