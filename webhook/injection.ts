import type { Container } from '#kube/pod.ts'

/** The container that a pod gets, and where. */
export interface Injection {
  readonly container: Container
  /** Digest of the container, for the status. */
  readonly digest: string
  readonly list: 'initContainers' | 'containers'
  readonly index: number
}
