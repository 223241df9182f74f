import { describe, expect, it } from 'vitest'
import { nsmCommand } from '#cli/program.ts'
import { complete } from './complete.ts'

const root = nsmCommand(
  {
    out: () => {},
    note: () => {},
    paint: (_, text) => text,
    progress: 'lines',
    calledAs: 'kubectl nsm',
    columns: () => 80,
    signal: new AbortController().signal,
  },
  () => {},
)

describe('complete()', () => {
  it.each([
    { words: ['conn'], proposals: ['connections'], besides: 'nothing' },
    { words: ['connections', '--st'], proposals: ['--stats'], besides: 'nothing' },
    { words: ['connections', '--mesh-namespace', ''], proposals: [], besides: 'files' },
    { words: ['certs', 'sh'], proposals: ['show'], besides: 'files' },
    { words: ['nonsense', ''], proposals: [], besides: 'nothing' },
    { words: ['__'], proposals: [], besides: 'nothing' },
  ])('$words gives $proposals', ({ words, proposals, besides }) => {
    expect(complete(root, words)).toEqual({ proposals, besides })
  })
})
