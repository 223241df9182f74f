import { hash } from 'node:crypto'
import type { Container } from '#kube/pod.ts'
import { remembered } from '#webhook/remember.ts'
import { type RenderInputs, renderContainer, type Shape } from './render.ts'

/** A container and its digest: equal for equal ones. */
export interface Rendered {
  readonly container: Container
  readonly digest: string
}

/** The container that a pod gets, with its digest. The container is frozen, because pods share it. Throws BAD_ANNOTATION. */
export function rendered(shape: Shape, inputs: RenderInputs): Rendered {
  const { image, sidecarImage, pullPolicy, probePort, namespace, user } = inputs.settings
  const settings = { image, sidecarImage, pullPolicy, probePort, namespace, user }
  return make(JSON.stringify({ ...inputs, settings, shape }))
}

/** Made once for all pods that get the same. */
const make = remembered((text): Rendered => {
  const { shape, ...inputs }: RenderInputs & { readonly shape: Shape } = JSON.parse(text)
  const container = frozen(renderContainer(shape, inputs))
  return { container, digest: hash('sha256', JSON.stringify(container), 'hex').slice(0, 16) }
})

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) frozen(inner)
  return Object.freeze(value)
}
