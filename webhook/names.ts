/** Name of the injected init container. */
export const initContainerName = 'nsm-init'

/** Name of the injected side-car. */
export const sidecarName = 'nsm-sidecar'

/** Names that only we may give to containers; nothing else is ever taken out of a pod. */
export const ownNames: readonly string[] = [initContainerName, sidecarName]

/** The extended resource that makes the device plugin mount a workspace into a container. */
export const socketResource = 'networkservicemesh.io/socket'

/** Variable that carries the annotation into the client. */
export const servicesVariable = 'NS_NETWORKSERVICEMESH_IO'

/** Annotation that switches the injection off for one pod: `"false"`. */
export const injectAnnotation = 'networkservicemesh.io/inject'

/** Annotation that we write: what was injected, as JSON. */
export const statusAnnotation = 'networkservicemesh.io/status'

/** Label of a namespace whose pods inherit its annotation; set by us, selected by the second webhook entry. */
export const inheritLabel = 'networkservicemesh.io/inherit'

/** Label of the mesh's own objects, whose pods are never injected: `nsm`. */
export const partOfLabel = 'app.kubernetes.io/part-of'

/** Annotation that tells kubectl which container `exec` and `logs` mean. */
export const defaultContainerAnnotation = 'kubectl.kubernetes.io/default-container'
