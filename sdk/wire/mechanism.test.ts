import { describe, expect, it } from 'vitest'
import { netnsInodeOf, netnsParameters, netnsRefOf } from './mechanism.ts'

describe('netnsRefOf()', () => {
  it.each([
    { name: 'a cookie', netns: { cookie: 0xffff_ffff_ffff_ffffn } },
    { name: 'a cookie and its hints', netns: { cookie: 4097n, inode: 4_026_532_548n, pidHint: 4_194_304 } },
  ])('reads back $name that netnsParameters() wrote', ({ netns }) => {
    expect(netnsRefOf(netnsParameters(netns))).toEqual(netns)
  })

  it.each([
    { name: 'no cookie', parameters: { netnsInode: '4026532548' } },
    { name: 'a cookie that is no number', parameters: { netnsCookie: '0x10' } },
    { name: 'a cookie of too many digits', parameters: { netnsCookie: '1'.repeat(21) } },
    { name: 'a negative cookie', parameters: { netnsCookie: '-1' } },
  ])('gives undefined for $name', ({ parameters }) => {
    expect(netnsRefOf(parameters)).toBeUndefined()
  })

  it('leaves out hints that are malformed', () => {
    expect(netnsRefOf({ netnsCookie: '1', netnsInode: 'x', netnsPid: '4194305' })).toEqual({ cookie: 1n })
  })
})

describe('netnsInodeOf()', () => {
  it.each([
    { name: 'v0.2', parameters: { netnsInode: '4026532548' }, inode: 4_026_532_548n },
    { name: 'v1', parameters: { inodeURL: 'inode://4/4026532548' }, inode: 4_026_532_548n },
    { name: 'a file URL of v1', parameters: { inodeURL: 'file:///proc/1/ns/net' }, inode: undefined },
    { name: 'neither', parameters: {}, inode: undefined },
  ])('reads the form of $name', ({ parameters, inode }) => {
    expect(netnsInodeOf(parameters)).toBe(inode)
  })
})
