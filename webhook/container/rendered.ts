import { hash } from 'node:crypto'
import type { Container } from '#kube/pod.ts'
import { remembered } from '#webhook/remember.ts'
import type { PatchSettings } from '#webhook/settings.ts'
import { type RenderInputs, renderContainer, type Shape } from './render.ts'

/** A container and its digest: equal for equal ones. */
export interface Rendered {
  readonly container: Container
  readonly digest: string
}

/** Renders under some settings, once for all pods that get the same. */
type Renderer = (text: string) => Rendered

/** As long as the settings live. */
const renderers = new WeakMap<PatchSettings, Renderer>()

/** The container that a pod gets, with its digest. The container is frozen, because pods share it. Throws BAD_ANNOTATION. */
export function rendered(shape: Shape, { settings, ...rest }: RenderInputs): Rendered {
  const known = renderers.get(settings)
  const renderer = known ?? newRenderer(settings)
  if (known === undefined) renderers.set(settings, renderer)
  return renderer(JSON.stringify({ shape, ...rest }))
}

function newRenderer(settings: PatchSettings): Renderer {
  return remembered(text => {
    const { shape, ...rest }: { readonly shape: Shape } & Omit<RenderInputs, 'settings'> = JSON.parse(text)
    const container = frozen(renderContainer(shape, { ...rest, settings }))
    return { container, digest: hash('sha256', JSON.stringify(container), 'hex').slice(0, 16) }
  })
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) frozen(inner)
  return Object.freeze(value)
}
