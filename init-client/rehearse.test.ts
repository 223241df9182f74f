import { expect, it } from 'vitest'
import { rehearse } from './rehearse.ts'

it('rehearse() connects to the manager in memory', async () => {
  await expect(rehearse()).resolves.toBeUndefined()
})
