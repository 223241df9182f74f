/** One part of the path of an image. */
const part = '[a-z0-9]+(?:(?:[.]|_|__|-+)[a-z0-9]+)*'

const pattern = new RegExp(
  `^(?:[a-zA-Z0-9][a-zA-Z0-9.-]*(?::[0-9]+)?/)?${part}(?:/${part})*(?::[\\w][\\w.-]{0,127})?(?:@[a-z0-9]+:[0-9a-fA-F]{32,128})?$`,
)

/** Checks a reference of an image: bounded, and without what no registry takes (distribution/reference). Throws Error. */
export function imageName(value: string): string {
  if (value.length > 512 || !pattern.test(value))
    throw new Error('expected the name of an image, like registry.example/nsm-init:v1')
  return value
}
