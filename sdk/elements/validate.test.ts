import { describe, expect, it } from 'vitest'
import { requestOf, run } from './fixture.ts'
import { validate } from './validate.ts'

describe('validate', () => {
  it('validate() lets a request for one of its services pass', async () => {
    expect((await run(validate(['dns', 'web']))).id).toBe('c1')
  })

  it.each([
    { story: 'has no id', connection: { id: '' }, code: 'BAD_INPUT', says: /connection\.id/ },
    {
      story: 'asks for a service of somebody else',
      connection: { networkService: 'mail' },
      code: 'SERVICE_NOT_FOUND',
      says: /c1.*dns, web, not "mail"/,
    },
  ])('validate() refuses a request that $story', async ({ connection, code, says }) => {
    const refused = run(validate(['dns', 'web']), requestOf(connection))
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(says) })
  })
})
