import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { ConnectionSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { interfaceNameFor } from './interface-name.ts'

function nameWith(labels: Record<string, string>): string {
  return interfaceNameFor(create(ConnectionSchema, { id: 'c1', labels }))
}

describe('interfaceNameFor', () => {
  it('interfaceNameFor() takes the name that the client gives by the label peerif', () => {
    expect(nameWith({ peerif: 'eth21', link: 'net-0' })).toBe('eth21')
  })

  it.each([{ labels: {} }, { labels: { peerif: '' } }])(
    'interfaceNameFor() makes a name when the labels are $labels',
    ({ labels }) => {
      expect(nameWith(labels)).toMatch(/^nsm[0-9a-f]{10}$/)
    },
  )

  it.each(['sixteen-bytes-xx', 'a/b', 'a b', '..'])(
    'interfaceNameFor() refuses %s, which the kernel would',
    peerif => {
      expect(() => nameWith({ peerif })).toThrow(
        expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining(peerif) }),
      )
    },
  )
})
