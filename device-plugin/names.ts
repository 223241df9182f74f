/** The extended resource that pods ask for. */
export const resourceName = 'networkservicemesh.io/socket'

/** Our socket in kubelet's directory. */
export const socketFile = 'networkservicemesh.io.sock'

/** Where kubelet listens, in the same directory. */
export const kubeletSocket = 'kubelet.sock'

/** Where a container sees its workspace (NSM v0.2). */
export const containerDirectory = '/var/lib/networkservicemesh/'

/** The manager's socket in the base directory. */
export const managerSocket = 'nsm.io.sock'
