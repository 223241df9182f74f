import { expect, it } from 'vitest'
import { cutStream } from './json-stream.ts'

it.each([
  { text: '{"a":1}\n{"b":{"c":"}{"}} {}\n', pieces: ['{"a":1}\n', '{"b":{"c":"}{"}} ', '{}\n'] },
  { text: '\uFEFF {"a":"\\"{"}{"b":2}', pieces: ['\uFEFF {"a":"\\"{"}', '{"b":2}'] },
  { text: '{"a":1}\n---\n{"b":2}\n', pieces: ['{"a":1}\n---\n{"b":2}\n'] },
  { text: '{a: 1} # {\n', pieces: ['{a: 1} # {\n'] },
  { text: '{"a":1', pieces: ['{"a":1'] },
  { text: 'a: {}\n', pieces: ['a: {}\n'] },
  { text: '', pieces: [''] },
])('cutStream() cuts $text into $pieces', ({ text, pieces }) => {
  expect(cutStream(text)).toEqual(pieces)
})
