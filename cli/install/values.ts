import { NsmError } from '#sdk/errors.ts'
import { listAt, type Manifest, textAt } from './object.ts'
import { changeContainers, withImages } from './set-images.ts'

/** Where our images are, in the manifests. */
const repository = 'networkservicemesh'

/** Which images, and what else differs from the manifests. */
export interface Values {
  /** `registry.example.com/nsm`; undefined is `networkservicemesh`. */
  readonly registry?: string | undefined
  readonly tag?: string | undefined
  /** `KEY=VALUE`, by the names of earlier installations or `CONTAINER.VARIABLE`. */
  readonly set?: readonly string[] | undefined
}

/** The objects with these values. Throws BAD_USAGE for a value that has no meaning here. */
export function withValues(objects: readonly Manifest[], values: Values): readonly Manifest[] {
  const settings = (values.set ?? []).map(readSetting)
  const own = { ...values, ...Object.assign({}, ...settings.map(({ images }) => images ?? {})) }
  const variables = settings.flatMap(({ variable }) => variable ?? [])
  const missing = variables.find(({ container }) => !hasContainer(objects, container))
  if (missing !== undefined)
    throw new NsmError('BAD_USAGE', `--set ${missing.container}.${missing.name}: no container is called so`)
  return withVariables(withOwnImages(objects, own), [...injectedImages(own), ...variables])
}

/** A variable of a container. */
interface Variable {
  readonly container: string
  readonly name: string
  readonly value: string
}

interface Setting {
  readonly variable?: Variable
  readonly images?: Pick<Values, 'registry' | 'tag'>
}

/** Names of earlier installations, in lower case without dots and underscores, and what they mean here. */
const earlier: Readonly<Record<string, (value: string) => Setting>> = {
  insecure: value => ({ variable: { container: 'manager', name: 'NSM_INSECURE', value: yesOrNo(value) } }),
  forwardingplane: value => only(value, ['kernel'], 'the only forwarding plane is the kernel'),
  spireenabled: value =>
    only(value, ['false', '0'], 'managers get their certificates from nsm-issuer, not SPIRE'),
  org: value => ({ images: { registry: value } }),
  registry: value => ({ images: { registry: value } }),
  tag: value => ({ images: { tag: value } }),
  containertag: value => ({ images: { tag: value } }),
}

function readSetting(text: string): Setting {
  const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  const known = earlier[key.toLowerCase().replaceAll(/[._]/g, '')]
  try {
    if (known !== undefined) return known(value)
  } catch (cause) {
    throw new NsmError('BAD_USAGE', `--set ${text}: ${NsmError.from(cause).message}`, { cause })
  }
  const [, container = '', name = ''] = /^([a-z-]+)\.([A-Z][A-Z0-9_]*)$/.exec(key) ?? []
  if (name !== '') return { variable: { container, name, value } }
  throw new NsmError(
    'BAD_USAGE',
    `--set ${text}: expected CONTAINER.VARIABLE=VALUE, as manager.NSM_REQUEST_TIMEOUT=10s, or one of insecure, forwardingPlane, spire.enabled, org, tag`,
  )
}

function only(value: string, allowed: readonly string[], why: string): Setting {
  if (allowed.includes(value.toLowerCase())) return {}
  throw new Error(why)
}

function yesOrNo(value: string): string {
  const word = value.toLowerCase()
  if (word === 'true' || word === 'false') return word
  throw new Error('expected true or false')
}

function withOwnImages(objects: readonly Manifest[], { registry = repository, tag = '' }: Values) {
  const names = objects
    .flatMap(containersOf)
    .map(container => textAt(container, 'image').replace(/[:@].*$/, ''))
    .filter(name => name.startsWith(`${repository}/`))
  const changes = [...new Set(names)].map(name => ({
    name,
    newName: name.replace(repository, registry),
    newTag: tag,
  }))
  return withImages(objects, changes)
}

/** What the webhook puts into pods comes from the same place. */
function injectedImages({ registry, tag }: Values): readonly Variable[] {
  return [
    ...(registry === undefined ? [] : [{ container: 'webhook', name: 'REPO', value: registry }]),
    ...(tag === undefined ? [] : [{ container: 'webhook', name: 'TAG', value: tag }]),
  ]
}

function withVariables(objects: readonly Manifest[], variables: readonly Variable[]): readonly Manifest[] {
  if (variables.length === 0) return objects
  return objects.map(object =>
    changeContainers(object, container => {
      const own = variables.filter(variable => variable.container === textAt(container, 'name'))
      if (own.length === 0) return container
      const kept = listAt(container, 'env').filter(
        entry => !own.some(({ name }) => name === textAt(entry, 'name')),
      )
      const last = new Map(own.map(({ name, value }) => [name, { name, value }]))
      return { ...container, env: [...kept, ...last.values()] }
    }),
  )
}

function hasContainer(objects: readonly Manifest[], name: string): boolean {
  return objects.flatMap(containersOf).some(container => textAt(container, 'name') === name)
}

function containersOf(object: Manifest) {
  return [
    ...listAt(object, 'spec', 'template', 'spec', 'initContainers'),
    ...listAt(object, 'spec', 'template', 'spec', 'containers'),
  ]
}
