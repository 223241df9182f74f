import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The manifests are beside the bundle, or in the checkout that this file is of. */
const places = ['./manifests/', '../../manifests/']

/** Path of the folder of manifests that came with this very command. */
export function shippedManifests(): string {
  const found = places
    .map(place => fileURLToPath(new URL(place, import.meta.url)))
    .find(path => existsSync(`${path}base`))
  return found ?? 'manifests'
}
