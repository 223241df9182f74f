import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { bindMount, mountTmpfs, unmount } from './mount.ts'
import { temporaryFolder } from './scratch.ts'

test('mountTmpfs() and bindMount() show what is mounted, unmount() hides it and is idempotent', () => {
  using folder = temporaryFolder()
  const [tmpfs, copy] = [`${folder.path}/tmpfs`, `${folder.path}/copy`]
  for (const path of [tmpfs, copy]) mkdirSync(path)
  mountTmpfs(tmpfs, 'size=64k')
  writeFileSync(`${tmpfs}/file`, 'text')
  bindMount(tmpfs, copy)
  expect(existsSync(`${copy}/file`)).toBe(true)
  for (const path of [copy, tmpfs, copy, tmpfs]) unmount(path)
  expect([existsSync(`${copy}/file`), existsSync(`${tmpfs}/file`)]).toEqual([false, false])
  expect(() => mountTmpfs(`${folder.path}/nowhere`)).toThrow(/mounting tmpfs at .*nowhere.*ENOENT/)
})
