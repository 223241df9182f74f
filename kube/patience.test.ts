import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import { KubeApiError } from './api.ts'
import { newPatience } from './patience.ts'

beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(1))
afterEach(() => void vi.restoreAllMocks())

const error = (status: number, retryAfterMs?: number) =>
  new KubeApiError({ status, reason: '', retryAfterMs }, 'no')
const wrapped = (cause: unknown) => new NsmError('REGISTRY_UNAVAILABLE', 'no', { cause })

describe('patience', () => {
  it.each([
    { what: 'a server that is away', thrown: error(0), longest: 8_000 },
    { what: 'a server that is away, as others say it', thrown: wrapped(error(0)), longest: 8_000 },
    { what: 'no answer in time', thrown: wrapped(new NsmError('DEADLINE', 'no')), longest: 8_000 },
    { what: 'a server that is overrun', thrown: error(429), longest: 30_000 },
    { what: 'a server without its storage', thrown: wrapped(error(503)), longest: 30_000 },
    { what: 'a refusal', thrown: error(403), longest: 30_000 },
    { what: 'a quarrel', thrown: new NsmError('CONFLICT', 'no'), longest: 30_000 },
    { what: 'a defect', thrown: new Error('no'), longest: 30_000 },
  ])('with $what lasts $longest ms at most, and begins small', ({ thrown, longest }) => {
    const patience = newPatience({ first: 100, most: 30_000 })
    const waits = Array.from({ length: 20 }, () => patience.failed(thrown))
    expect(waits.slice(0, 4)).toEqual([100, 200, 400, 800])
    expect(Math.max(...waits)).toBe(longest)
    patience.succeeded()
    expect(patience.failed(thrown)).toBe(100)
  })

  it('is not used up by an outage when the server, back again, refuses for a moment', () => {
    const patience = newPatience({ first: 100, most: 30_000 })
    for (let failures = 0; failures < 20; failures += 1) patience.failed(error(0))
    expect(patience.failed(error(403))).toBe(100)
    expect(patience.failed(error(0))).toBe(8_000)
    expect(patience.failed(error(403))).toBe(200)
  })

  it('waits as long as the server says, but not for ever', () => {
    const patience = newPatience({ first: 100, most: 30_000 })
    expect(patience.failed(error(429, 3_000))).toBe(3_100)
    expect(patience.failed(error(503, 3_600_000))).toBe(30_200)
  })
})
