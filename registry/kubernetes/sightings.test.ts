import { describe, expect, it } from 'vitest'
import { Sightings } from './sightings.ts'

const object = (uid: string, resourceVersion?: number) => ({
  metadata: {
    namespace: 'default',
    name: 'a',
    uid,
    ...(resourceVersion === undefined ? {} : { resourceVersion: String(resourceVersion) }),
  },
})
const first = { namespace: 'default', name: 'a', uid: 'u1' }

describe('Sightings', () => {
  it.each([
    { story: 'the same state told twice', before: object('u1', 5), now: object('u1', 5), isNews: false },
    { story: 'an older state', before: object('u1', 15), now: object('u1', 9), isNews: false },
    { story: 'a newer state', before: object('u1', 9), now: object('u1', 15), isNews: true },
    { story: 'an older object of the name', before: object('u2', 9), now: object('u1', 7), isNews: false },
    { story: 'a newer object of the name', before: object('u1', 7), now: object('u2', 9), isNews: true },
    {
      story: 'a version that is no number',
      before: object('u1', 7),
      now: { metadata: { ...first, resourceVersion: 'x' } },
      isNews: true,
    },
  ])('$story', ({ before, now, isNews }) => {
    const sightings = new Sightings()
    sightings.isNews('ADDED', before)
    expect(sightings.isNews('MODIFIED', now)).toBe(isNews)
  })

  it('the end of an object is news once, and what was told of it before is not', () => {
    const sightings = new Sightings()
    sightings.isNews('ADDED', object('u1', 5))
    sightings.gone(first)
    expect(sightings.isNews('MODIFIED', object('u1', 6))).toBe(false)
    expect(sightings.isNews('DELETED', object('u1'))).toBe(false)
    expect(sightings.isNews('ADDED', object('u2', 8))).toBe(true)
    expect(sightings.isNews('DELETED', object('u2', 9))).toBe(true)
  })

  it('the end of a predecessor is no news of its successor', () => {
    const sightings = new Sightings()
    sightings.isNews('ADDED', object('u1', 5))
    sightings.isNews('MODIFIED', object('u2', 8))
    expect(sightings.isNews('DELETED', object('u1', 7))).toBe(false)
    expect(sightings.isNews('MODIFIED', object('u2', 8))).toBe(false)
  })
})
