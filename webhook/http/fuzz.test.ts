import { describe, expect, it } from 'vitest'
import { fuzz } from '#test/soak/fuzz.ts'
import { testServer } from './server.contract.ts'

describe('the server', () => {
  it('answers 20,000 mutated reviews over HTTPS as it may, whatever they are', async () => {
    await using served = await testServer()
    const { statuses, wrong } = await fuzz(served, { seed: 1, count: 20_000 })
    expect(wrong).toEqual([])
    expect(Object.keys(statuses)).toEqual(expect.arrayContaining(['200', '400', '404', '405', '415']))
    expect(await served.count('nsm_webhook_requests_in_flight')).toBe(0)
  }, 120_000)
})
