import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import { parseServiceRefs } from '#sdk/service-ref.ts'
import { Progress } from './progress.ts'
import { toRequests } from './request.ts'

const requests = toRequests(parseServiceRefs('firewall,dns'), { podName: 'p', namespace: 'n', routes: [] })
const [firewall, dns] = requests
const none = new NsmError('NO_ENDPOINT', 'no endpoint has app=firewall')

describe('Progress', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('Progress tells a new reason at once, and the same one not again', () => {
    const lines: string[] = []
    using progress = new Progress(requests, line => lines.push(line))
    for (const _ of [1, 2]) if (firewall !== undefined) progress.failed(firewall, none)
    expect(lines).toEqual(['waiting for firewall (interface nsm0): no endpoint has app=firewall'])
  })

  it('Progress tells every five seconds what is still missing, and nothing once it is disposed', () => {
    const lines: string[] = []
    const progress = new Progress(requests, line => lines.push(line))
    if (firewall !== undefined) progress.failed(firewall, none)
    lines.length = 0
    vi.advanceTimersByTime(5000)
    expect(lines).toEqual([
      'waiting for firewall (interface nsm0) for 5 s, attempt 2: no endpoint has app=firewall',
      'waiting for dns (interface nsm1) for 5 s, attempt 1: no answer yet',
    ])
    if (dns !== undefined) progress.ended(dns)
    vi.advanceTimersByTime(5000)
    expect(lines).toHaveLength(3)
    progress[Symbol.dispose]()
    vi.advanceTimersByTime(20_000)
    expect(lines).toHaveLength(3)
  })
})
