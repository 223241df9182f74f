import type { Container, EnvVar } from '#kube/pod.ts'
import { initContainerName, servicesVariable, sidecarName } from '#webhook/names.ts'
import type { Overrides } from '#webhook/overrides.ts'
import type { PatchSettings } from '#webhook/settings.ts'
import { type Amounts, resourcesOf, type Usual } from './resources.ts'

/** The three shapes of the injected container; which one a pod gets is decided by `shapeFor`. */
export type Shape = 'init' | 'native-sidecar' | 'sidecar-container'

/** The settings that a container depends on. */
export type ContainerSettings = Pick<
  PatchSettings,
  'image' | 'sidecarImage' | 'pullPolicy' | 'probePort' | 'namespace'
> &
  Partial<Pick<PatchSettings, 'user'>>

/** What the container depends on besides its shape. */
export interface RenderInputs {
  /** The services, in the canonical form of the annotation. */
  readonly services: string
  readonly settings: ContainerSettings
  readonly overrides: Overrides
  /** What of CPU and memory must be stated. */
  readonly amounts: Amounts
}

/** Enough for each program; the side-car stays and holds open channels. */
const ofInit: Usual = {
  requests: { cpu: '10m', memory: '64Mi' },
  limits: { cpu: '200m', memory: '64Mi' },
}
const ofSidecar: Usual = {
  requests: { cpu: '10m', memory: '128Mi' },
  limits: { cpu: '200m', memory: '128Mi' },
}

/**
 * The one container that is injected. It needs no capability, meets the Pod Security Standard *restricted*, and is the
 * only one that asks for the socket resource, whatever its shape.
 */
export function renderContainer(shape: Shape, inputs: RenderInputs): Container {
  const { overrides, settings, amounts } = inputs
  return {
    name: shape === 'init' ? initContainerName : sidecarName,
    image: overrides.image ?? (shape === 'init' ? settings.image : settings.sidecarImage),
    imagePullPolicy: overrides['image-pull-policy'] ?? settings.pullPolicy,
    env: environment(shape, inputs),
    ...startOf(shape, settings.probePort),
    resources: resourcesOf(overrides, amounts, shape === 'init' ? ofInit : ofSidecar),
    securityContext: securityContext(settings.user),
    terminationMessagePolicy: 'FallbackToLogsOnError',
  }
}

function environment(shape: Shape, { services, settings, overrides }: RenderInputs): readonly EnvVar[] {
  const { 'log-level': logLevel, deadline } = overrides
  return [
    { name: servicesVariable, value: services },
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'NSM_NAMESPACE', value: settings.namespace },
    ...(shape === 'init' ? [] : [{ name: 'NSM_PROBE_PORT', value: String(settings.probePort) }]),
    ...(logLevel === undefined ? [] : [{ name: 'LOG_LEVEL', value: logLevel }]),
    ...(deadline === undefined ? [] : [{ name: 'NSM_DEADLINE', value: deadline }]),
  ]
}

/**
 * How the shape makes the pod's other containers wait: an init container by not ending, a native side-car by its
 * startup probe, an ordinary container (the first of its pod) by its postStart hook, since kubelet starts the next one
 * only after it.
 */
function startOf(shape: Shape, probePort: number): Partial<Container> {
  switch (shape) {
    case 'init':
      return {}
    case 'native-sidecar':
      return {
        restartPolicy: 'Always',
        startupProbe: {
          httpGet: { path: '/readyz', port: probePort },
          periodSeconds: 1,
          failureThreshold: probeFailures,
        },
      }
    default:
      return { lifecycle: { postStart: { exec: { command: ['nsm-sidecar', '--wait'] } } } }
  }
}

/** An hour of seconds: the side-car has its own deadline, and says more when it ends than a killed container could. */
const probeFailures = 3600

/** The user is said here too, because a pod may set another one, root even, for its own containers. */
function securityContext(user: number | undefined): object {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    ...(user === undefined ? {} : { runAsGroup: user }),
    runAsNonRoot: true,
    ...(user === undefined ? {} : { runAsUser: user }),
    seccompProfile: { type: 'RuntimeDefault' },
  }
}
