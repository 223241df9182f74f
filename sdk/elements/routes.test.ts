import { describe, expect, it } from 'vitest'
import { ipContextOf } from './endpoint-step.ts'
import { requestOf, run } from './fixture.ts'
import { routes } from './routes.ts'

describe('routes', () => {
  it('routes() gives the client its routes towards the endpoint', async () => {
    const { srcRoutes, dstRoutes } = ipContextOf(await run(routes(['10.100.0.0/24', 'fd00::/64'])))
    expect(srcRoutes.map(route => route.prefix)).toEqual(['10.100.0.0/24', 'fd00::/64'])
    expect(dstRoutes).toEqual([])
  })

  it('routes() keeps what is there and adds nothing twice, when the request is a refresh', async () => {
    const srcRoutes = [{ prefix: '10.100.0.0/24', nextHop: '10.60.1.9' }, { prefix: '10.200.0.0/24' }]
    const request = requestOf({ context: { MTU: 1400, ipContext: { srcRoutes } } })
    const { context } = await run(routes(['10.100.0.0/24', '10.101.0.0/24']), request)
    expect(context?.MTU).toBe(1400)
    expect(context?.ipContext?.srcRoutes).toMatchObject([...srcRoutes, { prefix: '10.101.0.0/24' }])
  })
})
