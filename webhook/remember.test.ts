import { describe, expect, it } from 'vitest'
import { remembered } from './remember.ts'

describe('remembered()', () => {
  function counted(make: (text: string) => string) {
    const made: string[] = []
    const ask = remembered(text => {
      made.push(text)
      return make(text)
    })
    return { ask, made }
  }

  it('makes a result once', () => {
    const { ask, made } = counted(text => text.toUpperCase())
    expect(['a', 'b', 'a', 'b'].map(ask)).toEqual(['A', 'B', 'A', 'B'])
    expect(made).toEqual(['a', 'b'])
  })

  it('forgets the oldest of many, so that it does not grow', () => {
    const { ask, made } = counted(text => text)
    for (let index = 0; index < 257; index++) ask(String(index))
    ask('256')
    ask('0')
    expect(made.slice(256)).toEqual(['256', '0'])
  })

  it('does not remember what is long, nor what fails', () => {
    const { ask, made } = counted(text => {
      if (text === 'bad') throw new Error('bad')
      return text
    })
    const long = 'x'.repeat(5000)
    ask(long)
    ask(long)
    for (const _ of [1, 2]) expect(() => ask('bad')).toThrow('bad')
    expect(made).toEqual([long, long, 'bad', 'bad'])
  })
})
