import { type Config, setting } from '#runtime/config.ts'
import { flag, integer, list, oneOf, text } from '#runtime/parse.ts'
import { imageName } from './image-name.ts'

/** How a pod gets its interfaces: by a container that ends, or by one that stays and can be reconfigured. */
export const modes = ['init', 'sidecar'] as const

/** One of `modes`. */
export type Mode = (typeof modes)[number]

/** When kubelet pulls an image. */
export const pullPolicies = ['Always', 'IfNotPresent', 'Never'] as const

/** One of `pullPolicies`. */
export type PullPolicy = (typeof pullPolicies)[number]

/** What decides about patches besides the objects; the rows that the webhook and `nsm inject` share. */
export const patchConfig = {
  initImage: setting({
    env: 'NSM_INIT_IMAGE',
    parse: imageName,
    default: '',
    doc: 'Image of the injected init container; empty means REPO/INITCONTAINER:TAG.',
  }),
  repository: setting({
    env: 'REPO',
    parse: text,
    default: 'networkservicemesh',
    doc: 'Where the images are.',
  }),
  initName: setting({
    env: 'INITCONTAINER',
    parse: text,
    default: 'nsm-init',
    doc: 'Name of the init image within REPO.',
  }),
  tag: setting({ env: 'TAG', parse: text, default: 'latest', doc: 'Tag of the images.' }),
  sidecarImage: setting({
    env: 'NSM_SIDECAR_IMAGE',
    parse: imageName,
    default: '',
    doc: 'Image of the injected side-car; empty means REPO/sidecar-nsc:TAG.',
  }),
  pullPolicy: setting<PullPolicy>({
    env: 'NSM_INIT_PULL_POLICY',
    parse: oneOf(...pullPolicies),
    default: 'IfNotPresent',
    doc: 'Pull policy of the injected container.',
  }),
  mode: setting<Mode>({
    env: 'NSM_WEBHOOK_MODE',
    parse: oneOf(...modes),
    default: 'init',
    doc: 'init: a container that connects and ends; sidecar: one that stays and can be reconfigured.',
  }),
  nativeSidecars: setting<'auto' | 'on' | 'off'>({
    env: 'NSM_WEBHOOK_NATIVE_SIDECARS',
    parse: oneOf('auto', 'on', 'off'),
    default: 'auto',
    doc: 'Whether side-cars are init containers that stay; auto: on, unless the API server is older than 1.32 (its kubelets than 1.29).',
  }),
  probePort: setting({
    env: 'NSM_SIDECAR_PROBE_PORT',
    parse: integer({ min: 1, max: 65_535 }),
    default: 15_061,
    doc: 'Port in the pod on which the side-car says that it is connected.',
  }),
  user: setting<number | undefined>({
    env: 'NSM_INIT_USER',
    parse: userOf,
    default: 65_532,
    doc: 'Numeric user of the injected container; none leaves it to the platform, as OpenShift wants.',
  }),
  namespace: setting({
    env: 'NSM_NAMESPACE',
    parse: text,
    default: 'default',
    doc: 'Namespace of the mesh, given to the client as NSM_NAMESPACE.',
  }),
  ownNamespace: setting({
    env: 'POD_NAMESPACE',
    parse: text,
    default: 'nsm-system',
    doc: 'Namespace of the webhook itself: of its Secret and its Service; nothing is injected there.',
  }),
  ignoredNamespaces: setting({
    env: 'NSM_WEBHOOK_IGNORED_NAMESPACES',
    parse: list,
    default: ['kube-system', 'kube-public', 'kube-node-lease'],
    doc: 'Namespaces whose pods are left alone.',
  }),
  docs: setting({
    env: 'NSM_WEBHOOK_DOCS',
    parse: text,
    default: 'docs/errors.md',
    doc: 'Where the errors are explained: what refusals refer to, before # and the code.',
  }),
  enforceLimits: setting({
    env: 'ENFORCE_LIMITS',
    parse: flag,
    default: false,
    doc: 'Limit CPU and memory of the injected container always, not only in pods of class Guaranteed.',
  }),
}

/** What the patch depends on besides the pod: the same settings and the same pod give the same patch. */
export interface PatchSettings {
  /** Image of the init container. */
  readonly image: string
  /** Image of the side-car. */
  readonly sidecarImage: string
  readonly pullPolicy: PullPolicy
  readonly mode: Mode
  /** `native`: the side-car is an init container that stays. `container`: the cluster is too old for that. */
  readonly sidecars: 'native' | 'container'
  /** Port on which the side-car says that it is connected. */
  readonly probePort: number
  /** Namespace of the mesh. */
  readonly namespace: string
  readonly ignoredNamespaces: readonly string[]
  /** Page that refusals refer to. */
  readonly docs: string
  /** When the injected container gets CPU and memory limits. */
  readonly limits: 'always' | 'when-guaranteed'
  /** Numeric user of the injected container; undefined leaves it to the image or the platform. */
  readonly user: number | undefined
}

/** The settings of a configuration; `able` is what the cluster can, where the configuration leaves that open. */
export function patchSettings(
  values: Config<typeof patchConfig>,
  able: PatchSettings['sidecars'] = 'native',
): PatchSettings {
  const { repository, tag, ownNamespace } = values
  return {
    image: values.initImage === '' ? `${repository}/${values.initName}:${tag}` : values.initImage,
    sidecarImage: values.sidecarImage === '' ? `${repository}/sidecar-nsc:${tag}` : values.sidecarImage,
    pullPolicy: values.pullPolicy,
    mode: values.mode,
    sidecars: sidecarsOf(values.nativeSidecars, able),
    probePort: values.probePort,
    namespace: values.namespace,
    ignoredNamespaces: [...values.ignoredNamespaces, ...(ownNamespace === '' ? [] : [ownNamespace])],
    limits: values.enforceLimits ? 'always' : 'when-guaranteed',
    user: values.user,
    docs: values.docs,
  }
}

function sidecarsOf(wish: 'auto' | 'on' | 'off', able: PatchSettings['sidecars']): PatchSettings['sidecars'] {
  if (wish === 'auto') return able
  return wish === 'on' ? 'native' : 'container'
}

function userOf(value: string): number | undefined {
  return value === 'none' ? undefined : integer({ min: 1, max: 2 ** 31 - 1 })(value)
}
