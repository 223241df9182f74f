/** A tmpfs that belongs to the mesh; short, because a socket's path has at most 107 bytes. */
export const meshFolder = '/run/nsm'

/** Where `ip netns` looks for namespaces, so that it works inside the mesh too. */
export const netnsFolder = '/run/netns'
