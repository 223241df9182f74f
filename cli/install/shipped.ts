import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Beside the bundle in its image, or in the checkout that bundle or source is of. */
const places = ['./manifests/', '../manifests/', '../../manifests/']

/** Path of the folder of manifests that came with this very command. */
export function shippedManifests(): string {
  const found = places
    .map(place => fileURLToPath(new URL(place, import.meta.url)))
    .find(path => existsSync(`${path}base`))
  return found ?? 'manifests'
}
