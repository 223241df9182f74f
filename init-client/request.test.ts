import { describe, expect, it } from 'vitest'
import { parseServiceRefs } from '#sdk/service-ref.ts'
import { toRequests } from './request.ts'

const identity = { podName: 'web-1', namespace: 'shop', routes: [] }

function interfacesOf(text: string) {
  return toRequests(parseServiceRefs(text), identity).map(
    request => request.mechanismPreferences[0]?.parameters['name'],
  )
}

describe('toRequests', () => {
  it('toRequests() makes a whole request of an entry', () => {
    const [request] = toRequests(parseServiceRefs('p2p/eth12?link=net-0&peerif=eth21'), {
      ...identity,
      routes: ['10.0.0.0/8'],
    })
    expect(request).toMatchObject({
      connection: {
        id: 'web-1-eth12',
        networkService: 'p2p',
        labels: { link: 'net-0', peerif: 'eth21', podName: 'web-1', namespace: 'shop' },
        context: {
          ipContext: { srcIpRequired: true, dstIpRequired: true, srcRoutes: [{ prefix: '10.0.0.0/8' }] },
        },
      },
      mechanismPreferences: [{ cls: 'LOCAL', type: 'KERNEL', parameters: { name: 'eth12' } }],
    })
  })

  it.each([
    { story: 'have no interface', text: 'a,b,c', names: ['nsm0', 'nsm1', 'nsm2'] },
    { story: 'have one in between', text: 'a,b/eth0,c', names: ['nsm0', 'eth0', 'nsm2'] },
    { story: 'took the default of another', text: 'a/nsm1,b', names: ['nsm1', 'nsm2'] },
    { story: 'take it after it was wanted', text: 'a,b/nsm0', names: ['nsm1', 'nsm0'] },
  ])('toRequests() gives each entry a name of its own when entries $story', ({ text, names }) => {
    expect(interfacesOf(text)).toEqual(names)
  })

  it('toRequests() makes the same ids again, so that a restarted client finds its connections', () => {
    const [before, after] = [1, 2].map(() => toRequests(parseServiceRefs('a,b/eth0'), identity))
    expect(before?.map(request => request.connection?.id)).toEqual(['web-1-nsm0', 'web-1-eth0'])
    expect(after).toEqual(before)
  })

  it('toRequests() says in each context how the data path shall be tried', () => {
    const extraContext = { livenessCheck: 'on' }
    const [request] = toRequests(parseServiceRefs('a'), { ...identity, extraContext })
    expect(request?.connection?.context?.extraContext).toEqual(extraContext)
  })

  it('toRequests() leaves labels that an entry gives as they are, and names the domain', () => {
    const [request] = toRequests(parseServiceRefs('a@other.example?podName=me'), identity)
    expect(request?.connection?.networkService).toBe('a@other.example')
    expect(request?.connection?.labels).toEqual({ podName: 'me', namespace: 'shop' })
  })
})
