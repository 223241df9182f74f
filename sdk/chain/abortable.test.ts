import { describe, expect, it } from 'vitest'
import { abortable } from './abortable.ts'

const never = new Promise<never>(() => undefined)

describe('abortable()', () => {
  it('gives the value of the promise and leaves no listener behind', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      listeners += 1
      add(...given)
    }
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      listeners -= 1
      remove(...given)
    }
    expect(await abortable(Promise.resolve(1), signal)).toBe(1)
    expect(listeners).toBe(0)
  })

  it('throws the reason when the signal is aborted first', async () => {
    const controller = new AbortController()
    const waited = abortable(never, controller.signal)
    controller.abort('enough')
    await expect(waited).rejects.toBe('enough')
  })

  it('throws the reason when the signal was aborted before', async () => {
    await expect(abortable(never, AbortSignal.abort('enough'))).rejects.toBe('enough')
  })

  it('throws the error of the promise', async () => {
    await expect(abortable(Promise.reject(new Error('no')), new AbortController().signal)).rejects.toThrow(
      'no',
    )
  })
})
