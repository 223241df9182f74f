/** What every implementation of the port `Kernel` does about neighbours that are asked for a sign of life. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { KernelHarness } from './contract.ts'
import type { Answer, Namespace } from './port.ts'

/** Tests of `neigh.probe` and `answers`. */
export function probeContract(make: () => KernelHarness): void {
  let harness: KernelHarness
  let pod: Namespace
  let other: Namespace
  let index: number
  let far: number
  let stop: AbortController
  let answers: AsyncIterator<Answer>

  beforeEach(() => {
    harness = make()
    const [own, opposite] = [harness.addNetns(), harness.addNetns()]
    pod = harness.kernel.open(own)
    other = harness.kernel.open(opposite)
    pod.link.createVeth({ name: 'a' }, { name: 'b', namespace: other })
    index = up(pod, 'a', ['10.0.0.1/30', '2001:db8::1/64'])
    far = up(other, 'b', ['10.0.0.2/30', '2001:db8::2/64'])
    harness.kernel.follow(pod)
    stop = new AbortController()
    answers = harness.kernel.answers(stop.signal)[Symbol.asyncIterator]()
  })

  afterEach(async () => {
    stop.abort()
    pod[Symbol.dispose]()
    other[Symbol.dispose]()
    await harness[Symbol.asyncDispose]()
  })

  function up(namespace: Namespace, name: string, cidrs: readonly string[]): number {
    const found = namespace.link.get(name)?.index ?? 0
    namespace.link.set(found, { admin: 'up' })
    for (const cidr of cidrs) namespace.addr.add(found, cidr)
    return found
  }

  async function answerOf(address: string): Promise<Answer> {
    for (;;) {
      const { value, done } = await answers.next()
      if (done === true) throw new Error('the answers ended')
      if (value.type === 'answered' && value.address === address) return value
    }
  }

  describe('neigh.probe()', () => {
    test.each(['10.0.0.2', '2001:db8::2'])('is answered by %s each time', async address => {
      for (let round = 0; round < 3; round++) {
        expect(pod.neigh.probe(index, address)).toBe('asked')
        expect(await answerOf(address)).toMatchObject({ netns: pod.netns.cookie, index })
      }
    })

    test('is answered by no address that is not there, and again once it is', async () => {
      for (const gone of ['10.0.0.2/30', '2001:db8::2/64']) other.addr.remove(far, gone)
      pod.neigh.probe(index, '10.0.0.2')
      other.addr.add(far, '2001:db8::3/64')
      pod.neigh.probe(index, '2001:db8::3')
      expect((await answers.next()).value).toMatchObject({ address: '2001:db8::3' })
    })

    test('leaves an entry that is permanent as it is', () => {
      const entry = { address: '10.0.0.2', mac: '02:00:00:00:00:07' }
      pod.neigh.add(index, entry)
      expect(pod.neigh.probe(index, '10.0.0.2')).toBe('fixed')
      expect(pod.neigh.list(index)).toEqual([{ ...entry, origin: 'ours' }])
    })
  })

  test('answers() ends with the signal', async () => {
    stop.abort()
    expect((await answers.next()).done).toBe(true)
  })
}
