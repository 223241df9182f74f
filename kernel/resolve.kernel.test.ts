import { expect, test } from 'vitest'
import { removeMountPoint } from './mount.ts'
import { createNetns } from './netns.ts'
import { openNetns } from './resolve.ts'
import { temporaryFolder } from './scratch.ts'

test('openNetns() does not trust the place where it found a namespace before', () => {
  using folder = temporaryFolder()
  const path = `${folder.path}/pod`
  const nameOfNew = () => {
    const { cookie, inode } = createNetns(path)
    return { cookie, inode }
  }
  const first = nameOfNew()
  for (let round = 0; round < 2; round++) openNetns(first)[Symbol.dispose]()
  removeMountPoint(path)
  const second = nameOfNew()
  expect(() => openNetns(first)).toThrow('the pod is gone')
  using found = openNetns(second)
  expect(found.cookie).toBe(second.cookie)
  removeMountPoint(path)
})
