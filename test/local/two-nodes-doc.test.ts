import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { meshNamed } from './nsm.ts'

const mesh = meshNamed('t-two-doc')

/** What stands behind `$ npx nsm` in the text, in its order. */
const commands = [...readFileSync('docs/two-nodes.md', 'utf8').matchAll(/^\$ npx nsm (.+)$/gm)].flatMap(
  match => match[1] ?? [],
)

describe('docs/two-nodes.md', () => {
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
