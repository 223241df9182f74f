import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Output } from './output.ts'

const never = new AbortController().signal

async function textOf(output: Output, tail = 0): Promise<string> {
  return Buffer.concat(await Array.fromAsync(output.read({ tail, until: 'now' }, never))).toString()
}

describe('Output', () => {
  test.each([
    { tail: 1, text: 'c\n' },
    { tail: 2, text: 'b\nc\n' },
    { tail: 9, text: 'a\nb\nc\n' },
    { tail: 0, text: 'a\nb\nc\n' },
  ])('read() gives the last $tail lines', async ({ tail, text }) => {
    const output = new Output()
    output.write(Buffer.from('a\nb\nc\n'))
    expect(await textOf(output, tail)).toBe(text)
  })

  test('read() counts a line that is not finished', async () => {
    const output = new Output()
    output.write(Buffer.from('a\nb'))
    expect(await textOf(output, 1)).toBe('b')
  })

  test('keeps the last bytes of what was written, whatever the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary-ascii', maxLength: 20 })), async chunks => {
        const output = new Output(16)
        for (const chunk of chunks) output.write(Buffer.from(chunk))
        expect(await textOf(output)).toBe(chunks.join('').slice(-16))
      }),
    )
  })

  test('read() follows until the output is closed', async () => {
    const output = new Output()
    output.write(Buffer.from('a'))
    const followed = Array.fromAsync(output.read({ tail: 0, until: 'closed' }, never))
    output.write(Buffer.from('b'))
    await Promise.resolve()
    output.write(Buffer.from('c'))
    output.close()
    expect(Buffer.concat(await followed).toString()).toBe('abc')
  })

  test('read() stops following when the signal aborts', async () => {
    const stop = new AbortController()
    const followed = Array.fromAsync(new Output().read({ tail: 0, until: 'closed' }, stop.signal))
    stop.abort(new Error('enough'))
    await expect(followed).rejects.toThrow('enough')
  })

  test('lastLine() skips empty lines at the end', () => {
    const output = new Output()
    expect(output.lastLine()).toBe('')
    output.write(Buffer.from('one\ntwo\n\n'))
    expect(output.lastLine()).toBe('two')
  })
})
