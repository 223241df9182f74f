import { describe, expect, it } from 'vitest'
import { Liveness } from './liveness.ts'

describe('Liveness', () => {
  it('who renews nothing during four own renewals is dead, once', () => {
    const liveness = new Liveness(4)
    liveness.heard('a')
    liveness.heard('b')
    const dead: (readonly string[])[] = []
    for (let beat = 0; beat < 5; beat += 1) {
      dead.push(liveness.beat())
      liveness.heard('b')
    }
    expect(dead).toEqual([[], [], [], ['a'], []])
    expect([liveness.isDead('a'), liveness.isDead('b')]).toEqual([true, false])
  })

  it('without own renewals nobody dies', () => {
    const liveness = new Liveness(4)
    liveness.heard('a')
    expect(liveness.isDead('a')).toBe(false)
  })

  it('a manager that was never heard of is not dead, and one that is expected has its time', () => {
    const liveness = new Liveness(2)
    liveness.beat()
    liveness.expect('a')
    liveness.beat()
    expect([liveness.isDead('a'), liveness.isDead('b')]).toEqual([false, false])
    expect(liveness.beat()).toEqual(['a'])
  })

  it('one that renews again lives again', () => {
    const liveness = new Liveness(1)
    liveness.heard('a')
    liveness.beat()
    expect([liveness.heard('a'), liveness.heard('a')]).toEqual(['revived', 'living'])
  })
})
