import type { Container } from '#kube/pod.ts'

/** The container that a pod gets, and where. */
export interface Injection {
  readonly container: Container
  readonly list: 'initContainers' | 'containers'
  readonly index: number
}
