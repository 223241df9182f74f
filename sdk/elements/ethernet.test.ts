import { describe, expect, it } from 'vitest'
import { ethernet } from './ethernet.ts'
import { requestOf, run } from './fixture.ts'

describe('ethernet', () => {
  it.each([
    { story: 'nothing asked', asked: 0, given: 1400 },
    { story: 'less asked', asked: 1300, given: 1300 },
    { story: 'more asked', asked: 9000, given: 1400 },
  ])('ethernet() gives the smaller MTU with $story', async ({ asked, given }) => {
    const { context } = await run(ethernet({ mtu: 1400 }), requestOf({ context: { MTU: asked } }))
    expect(context?.MTU).toBe(given)
  })

  it('ethernet() sets the MACs that it is given and leaves the others', async () => {
    const asked = requestOf({ context: { ethernetContext: { srcMac: '02:00:00:00:00:01', vlanTag: 7 } } })
    const { context } = await run(ethernet({ dstMac: '02:00:00:00:00:02' }), asked)
    expect(context).toMatchObject({
      MTU: 0,
      ethernetContext: { srcMac: '02:00:00:00:00:01', dstMac: '02:00:00:00:00:02', vlanTag: 7 },
    })
  })

  it('ethernet() changes nothing when it has nothing to give', async () => {
    expect(await run(ethernet({}))).toEqual(await run(ethernet({}), requestOf({ context: {} })))
  })
})
