import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'
import { assemble } from '#scripts/assemble.ts'
import { entrypointOf, images, repository } from '#scripts/images.ts'
import type { Binaries } from './facts.ts'
import { type Blob, folderEntry, linkEntry, program, storeLayer, tree } from './layer.ts'

/** Digest of the manifest by `repository:tag`; the tag `*` is any other. */
export type ImageIndex = Readonly<Record<string, Blob>>

/** How an image starts. */
interface Start {
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly User?: string
  readonly Env?: readonly string[]
}

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** Names under which tests and examples know a small system with a shell. */
const small = ['library/alpine', 'library/busybox', 'library/nginx', 'pause']

/**
 * Packs the images of the mesh from dist/, and of the workloads of tests from busybox, into a store that `registry-child.ts`
 * serves. Any tag of an image means this build, but those that `storeMesh` was told.
 */
export async function storeImages(store: string, { busybox, coredns }: Binaries): Promise<void> {
  mkdirSync(store, { recursive: true })
  const applets = spawnSync(busybox, ['--list'], { encoding: 'utf8' }).stdout.trim().split('\n')
  const shell = await storeLayer(store, [
    ...base,
    ...program(busybox, 'bin/busybox'),
    ...applets.filter(name => name !== 'busybox').map(name => linkEntry(`bin/${name}`, 'busybox')),
  ])
  const sleeping = storeImage(store, [shell], { Cmd: ['sleep', '2147483647'] })
  const withNode = storeImage(store, [shell, await nodeLayer(store)], { Cmd: ['node'] })
  const withCurl = storeImage(
    store,
    [shell, await storeLayer(store, program(onPath('curl'), 'usr/bin/curl'))],
    {
      Cmd: ['curl'],
      User: '65532',
    },
  )
  const dns = storeImage(store, [await storeLayer(store, [...base, ...program(coredns, 'coredns')])], {
    Entrypoint: ['/coredns'],
  })
  publish(store, {
    'coredns:*': dns,
    'library/node:*': withNode,
    'curlimages/curl:*': withCurl,
    ...Object.fromEntries(small.map(name => [`${name}:*`, sleeping])),
  })
  await storeMesh(store, '*')
}

/** Packs the images of the mesh from dist/ of the working directory under a tag. */
export async function storeMesh(store: string, tag: string): Promise<void> {
  const node = await nodeLayer(store)
  const made: Record<string, Blob> = {}
  for (const image of images) {
    const folder = join(store, `assembled-${image.program}`)
    assemble(image, folder)
    const app = await storeLayer(store, tree(folder))
    rmSync(folder, { recursive: true })
    made[`${repository}/${image.name}:${tag}`] = storeImage(store, [node, app], {
      Entrypoint: entrypointOf(image),
      User: String(image.user),
      Env: Object.entries(image.env).map(([name, value]) => `${name}=${value}`),
    })
  }
  publish(store, made)
}

function nodeLayer(store: string): Promise<Blob> {
  return storeLayer(store, [...base, ...program(process.execPath, 'usr/bin/node')])
}

function onPath(command: string): string {
  return spawnSync('sh', ['-c', 'command -v "$0"', command], { encoding: 'utf8' }).stdout.trim()
}

const base = [folderEntry('tmp', 0o1777), folderEntry('etc', 0o755)]

function storeImage(store: string, layers: readonly Blob[], start: Start): Blob {
  const config = storeJson(store, {
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    os: 'linux',
    config: { ...start, Env: [path, ...(start.Env ?? [])] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  })
  const type = 'application/vnd.oci.image'
  return storeJson(store, {
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config: { mediaType: `${type}.config.v1+json`, ...config },
    layers: layers.map(layer => ({ mediaType: `${type}.layer.v1.tar`, ...layer })),
  })
}

function storeJson(store: string, value: object): Blob {
  const content = JSON.stringify(value)
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
  writeFileSync(join(store, digest), content)
  return { digest, size: content.length }
}

function publish(store: string, more: ImageIndex): void {
  const file = join(store, 'index.json')
  writeFileSync(file, JSON.stringify({ ...readIndex(file), ...more }))
}

function readIndex(file: string): ImageIndex {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ImageIndex
  } catch {
    return {}
  }
}
