import { isObject } from '#kube/shape.ts'
import { leaverName as name, partOf } from './kinds.ts'
import { isManifest, listAt, type Manifest, textAt } from './object.ts'
import { changeContainers } from './set-images.ts'

/**
 * The DaemonSet that takes everything of the mesh away from the nodes: the forwarder as it is installed, told to leave. A
 * pod of it is ready once nothing is left on its node.
 */
export function leavingForwarder(forwarder: Manifest): Manifest {
  const told = changeContainers(
    forwarder,
    ({ startupProbe: _start, livenessProbe: _lives, ...container }) => ({
      ...container,
      readinessProbe: {
        ...(isObject(container['readinessProbe']) ? container['readinessProbe'] : {}),
        periodSeconds: 1,
      },
      env: [
        ...listAt(container, 'env').filter(entry => textAt(entry, 'name') !== 'NSM_LEAVE_NODE'),
        { name: 'NSM_LEAVE_NODE', value: 'true' },
      ],
    }),
  )
  const labels = { app: name, [partOf.key]: partOf.value }
  const { spec } = told
  const template = isObject(spec) && isObject(spec['template']) ? spec['template'] : {}
  const daemonSet = {
    apiVersion: told.apiVersion,
    kind: told.kind,
    metadata: { name, namespace: forwarder.metadata.namespace ?? 'nsm-system', labels },
    spec: { selector: { matchLabels: { app: name } }, template: { ...template, metadata: { labels } } },
  }
  return isManifest(daemonSet) ? daemonSet : forwarder
}
