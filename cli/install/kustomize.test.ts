import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { kustomized, manifestsOf } from './kustomize.ts'
import { called } from './object.ts'
import { shippedManifests } from './shipped.ts'

describe('kustomized()', () => {
  it.each(['default', 'ha', 'test'])('renders the overlay %s', async overlay => {
    const objects = await kustomized(join(shippedManifests(), 'overlays', overlay))
    const names = objects.map(called)
    expect(names).toEqual(
      expect.arrayContaining(['namespace/nsm-system', 'daemonset/nsm-manager', 'daemonset/nsm-forwarder']),
    )
    expect(new Set(names).size).toBeGreaterThan(12)
    expect(
      objects.filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/part-of'] !== 'nsm'),
    ).toEqual([])
  })

  it.each([
    {
      name: 'a generator',
      text: 'configMapGenerator: []',
      words: /configMapGenerator is more than is understood/,
    },
    { name: 'a missing file', text: 'resources: [none.yaml]', words: /reading .*none\.yaml/ },
    {
      name: 'a strategic patch',
      text: 'patches: [{patch: "kind: X"}]',
      words: /kubectl kustomize FOLDER \| nsm install -f -/,
    },
    {
      name: 'a patch of nothing',
      text: 'patches: [{target: {kind: A, name: b}, patch: "[]"}]',
      words: /no A b to patch/,
    },
    { name: 'nothing', text: '', words: /holds no kustomization/ },
    { name: 'what is no YAML', text: 'a: [', words: /kustomization\.yaml/ },
  ])('refuses $name in words', async ({ text, words }) => {
    const folder = await mkdtemp(join(tmpdir(), 'nsm-kustomize-'))
    await writeFile(join(folder, 'kustomization.yaml'), text)
    await expect(kustomized(folder)).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(words) as string,
    })
  })
})

describe('manifestsOf()', () => {
  it('takes several documents, and passes over empty ones', () => {
    const text = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n---\n# nothing\n'
    expect(manifestsOf(text, 'x.yaml').map(called)).toEqual(['namespace/a'])
  })

  it('refuses what is no object', () => {
    expect(() => manifestsOf('just: text', 'x.yaml')).toThrow(/x\.yaml: a document in it has no apiVersion/)
  })
})
