/** Name of the injected init container. */
export const initContainerName = 'nsm-init'

/** The extended resource that makes the device plugin mount a workspace into a container. */
export const socketResource = 'networkservicemesh.io/socket'

/** Variable that carries the annotation into the init container. */
export const servicesVariable = 'NS_NETWORKSERVICEMESH_IO'

/** Annotation that switches the injection off for one pod: `"false"`. */
export const injectAnnotation = 'networkservicemesh.io/inject'

/** Annotation that we write: what was injected, as JSON. */
export const statusAnnotation = 'networkservicemesh.io/status'
