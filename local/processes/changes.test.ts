import { describe, expect, test } from 'vitest'
import { Changes } from './changes.ts'

const never = new AbortController().signal

describe('Changes', () => {
  test('after() resolves at once when there was a change since the version', async () => {
    const changes = new Changes()
    const { version } = changes
    changes.touch()
    await changes.after(version, never)
  })

  test('after() resolves at the next change', async () => {
    const changes = new Changes()
    const waiting = changes.after(changes.version, never)
    changes.touch()
    await waiting
  })

  test('after() throws the reason when the signal aborts', async () => {
    const stop = new AbortController()
    const waiting = new Changes().after(0, stop.signal)
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })
})
