import { isObject, type JsonObject } from '#kube/shape.ts'
import { isManifest, listAt, type Manifest, textAt } from './object.ts'

/** An image to replace, as in a kustomization: by name, whatever its tag. */
export interface ImageChange {
  readonly name: string
  readonly newName: string
  /** Empty keeps the tag. */
  readonly newTag: string
}

/** The objects with other images in the containers of their pod templates. */
export function withImages(
  objects: readonly Manifest[],
  changes: readonly ImageChange[],
): readonly Manifest[] {
  if (changes.length === 0) return objects
  return objects.map(object =>
    changeContainers(object, container => {
      const image = textAt(container, 'image')
      const changed = changes.reduce(changeImage, image)
      return changed === image ? container : { ...container, image: changed }
    }),
  )
}

/** The objects with each container of a pod template changed. */
export function changeContainers(object: Manifest, change: (container: JsonObject) => JsonObject): Manifest {
  const { spec } = object
  if (!isObject(spec) || !isObject(spec['template']) || !isObject(spec['template']['spec'])) return object
  const { template } = spec
  const pod = template['spec']
  const lists = ['initContainers', 'containers'].flatMap(key =>
    Array.isArray(isObject(pod) ? pod[key] : undefined) ? [[key, listAt(pod, key).map(change)]] : [],
  )
  const changed = {
    ...object,
    spec: {
      ...spec,
      template: { ...template, spec: { ...(isObject(pod) ? pod : {}), ...Object.fromEntries(lists) } },
    },
  }
  return isManifest(changed) ? changed : object
}

function changeImage(image: string, { name, newName, newTag }: ImageChange): string {
  const [, found = '', version = ''] = /^(.*?)((?::[\w.-]+)?(?:@.*)?)$/.exec(image) ?? []
  if (found !== name) return image
  return newTag === '' ? `${newName}${version}` : `${newName}:${newTag}`
}
