import { describe, expect, it } from 'vitest'
import { newCall, requestOf, run } from './fixture.ts'
import { maxConnections } from './max-connections.ts'

describe('maxConnections', () => {
  it('maxConnections() refuses the connection after the last, until one is released', async () => {
    const [step, first] = [maxConnections(1), newCall()]
    await run(step, requestOf({ id: 'c1' }), first)
    await expect(run(step, requestOf({ id: 'c2' }))).rejects.toMatchObject({
      code: 'ENDPOINT_REFUSED',
      message: expect.stringMatching(/c2.*1 connections/),
    })
    await first.scope[Symbol.asyncDispose]()
    await expect(run(step, requestOf({ id: 'c2' }))).resolves.toMatchObject({ id: 'c2' })
  })

  it('maxConnections() lets a refresh pass when all places are taken', async () => {
    const [step, call] = [maxConnections(1), newCall()]
    await run(step, requestOf(), call)
    await expect(run(step, requestOf(), call)).resolves.toMatchObject({ id: 'c1' })
  })
})
