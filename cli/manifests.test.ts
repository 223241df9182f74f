import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readManifests } from './manifests.ts'

const folder = mkdtempSync(join(tmpdir(), 'nsm-manifests-'))
mkdirSync(join(folder, 'deeper'))
mkdirSync(join(folder, 'empty'))
writeFileSync(join(folder, 'b.yaml'), 'b')
writeFileSync(join(folder, 'a.yml'), 'a')
writeFileSync(join(folder, 'notes.md'), 'not a manifest')
writeFileSync(join(folder, 'kustomization.yaml'), 'not an object')
writeFileSync(join(folder, 'deeper', 'c.yaml'), 'c')

afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('readManifests() reads a folder’s manifests in order of name, and not deeper', async () => {
  expect((await readManifests([folder])).map(item => item.text)).toEqual(['a', 'b'])
})

it.each([
  { story: 'a file that is not there', name: 'missing.yaml', code: 'BAD_USAGE' },
  { story: 'a folder without manifests', name: 'empty', code: 'BAD_INPUT' },
])('readManifests() names $story', async ({ name, code }) => {
  await expect(readManifests([join(folder, name)])).rejects.toMatchObject({
    code,
    message: expect.stringContaining(name) as string,
  })
})
