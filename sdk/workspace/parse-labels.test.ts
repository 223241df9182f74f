import { describe, expect, it } from 'vitest'
import { parseLabels } from './parse-labels.ts'

describe('parseLabels', () => {
  it.each([
    { text: '', labels: {} },
    { text: ' ', labels: {} },
    { text: 'device=device-2', labels: { device: 'device-2' } },
    { text: 'a=1, b=', labels: { a: '1', b: '' } },
    { text: 'app:web,tier:front', labels: { app: 'web', tier: 'front' } },
    { text: 'image=web:1', labels: { image: 'web:1' } },
  ])('parseLabels() reads $text', ({ text, labels }) => {
    expect(parseLabels(text)).toEqual(labels)
  })

  it.each([
    { text: 'a', pair: '"a"' },
    { text: '=1', pair: '"=1"' },
    { text: 'a=1,', pair: '""' },
    { text: 'b=1,a=1=2', pair: '"a=1=2"' },
    { text: 'a:1:2', pair: '"a:1:2"' },
    { text: 'a=1,a=2', pair: '"a=2"' },
  ])('parseLabels() names $pair when given $text', ({ text, pair }) => {
    expect(() => parseLabels(text)).toThrow(pair)
  })
})
