import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { meshNamed } from './nsm.ts'

const mesh = meshNamed('t-readme')

/** The commands of README's "By hand" section: what stands behind `$ npx nsm`. */
const commands = [...readFileSync('README.md', 'utf8').matchAll(/^\$ npx nsm (.+)$/gm)].flatMap(
  match => match[1] ?? [],
)

describe('README', () => {
  afterAll(async () => {
    await mesh.run('down')
  })

  it('has commands to run', () => {
    expect(commands.length).toBeGreaterThan(5)
  })

  it.each(commands)('nsm %s', async command => {
    expect(await mesh.run(...command.split(' '))).toMatchObject({ code: 0 })
  })
})
