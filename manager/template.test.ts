import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import { fillTemplate } from './template.ts'

describe('fillTemplate', () => {
  it.each([
    { text: 'plain', filled: 'plain' },
    { text: '{{.nodeName}}', filled: 'n1' },
    { text: '{{ .nodeName }}', filled: 'n1' },
    { text: '{{index . "nodeName"}}', filled: 'n1' },
    { text: '{{ index . "a/b.c" }}', filled: 'dotted' },
    { text: 'x-{{.nodeName}}-{{.nodeName}}', filled: 'x-n1-n1' },
    { text: '{{.missing}}', filled: '' },
    { text: '{{.constructor}}', filled: '' },
  ])('fillTemplate() makes "$filled" of $text', ({ text, filled }) => {
    expect(fillTemplate(text, { nodeName: 'n1', 'a/b.c': 'dotted' })).toBe(filled)
  })

  it.each(['{{', '{{.a', '{{}}', '{{ range . }}', '{{.a.b}}', '{{index .}}', '{{.a-b}}', '}}{{'])(
    'fillTemplate() refuses %s',
    text => {
      expect(() => fillTemplate(text, {})).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }))
    },
  )

  it('fillTemplate() never fails with anything but an NsmError', () => {
    const piece = fc.constantFrom('{{', '}}', '.', 'index', ' ', '"', 'a', '\\')
    fc.assert(
      fc.property(
        fc.array(piece).map(pieces => pieces.join('')),
        text => {
          try {
            fillTemplate(text, { a: '1' })
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(NsmError)
          }
        },
      ),
    )
  })
})
