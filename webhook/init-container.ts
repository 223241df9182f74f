import { type Container, isGuaranteed, type Pod } from '#kube/pod.ts'
import { initContainerName, servicesVariable, socketResource } from './names.ts'
import type { PatchSettings } from './settings.ts'

/** Limits that keep a pod of class Guaranteed what it is. */
const pinned = { cpu: '200m', memory: '64Mi' }

/** The user of the init image. Said here too, because a pod may set another one, root even, for its own containers. */
const user = 65_532

/**
 * The init container that asks for the services. It needs no capability, meets the Pod Security Standard
 * *restricted*, and is the one container of the pod that asks for the socket resource.
 */
export function initContainer(pod: Pod, services: string, settings: PatchSettings): Container {
  const limited = settings.limits === 'always' || isGuaranteed(pod)
  return {
    name: initContainerName,
    image: settings.image,
    imagePullPolicy: settings.pullPolicy,
    env: [
      { name: servicesVariable, value: services },
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'NSM_NAMESPACE', value: settings.namespace },
    ],
    resources: { limits: { ...(limited ? pinned : {}), [socketResource]: '1' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsGroup: user,
      runAsNonRoot: true,
      runAsUser: user,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
  }
}

/** Whether a container that is there still asks for these services and for its socket. */
export function isCurrent(container: Container, services: string): boolean {
  const asked = (container.env ?? []).find(variable => variable.name === servicesVariable)?.value
  return asked === services && String(container.resources?.limits?.[socketResource]) === '1'
}
