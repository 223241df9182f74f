/** What a container is for. */
export type ContainerRole = 'init' | 'sidecar' | 'app'

/** A container as others see it. */
export interface ContainerState {
  readonly name: string
  readonly role: ContainerRole
  readonly state: 'waiting' | 'running' | 'terminated'
  /** As kubectl calls it: PodInitializing, CrashLoopBackOff, Error, Completed; empty while running. */
  readonly reason: string
  /** Of the last run that ended; 0 before. */
  readonly exitCode: number
  readonly restarts: number
  /** Why it does not run, or what an init container waits for. */
  readonly message: string
  /** Running, and for a side-car of ours: wired. */
  readonly ready: boolean
}

/** What has become of a pod. */
export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Terminating'

/** The STATUS column of `kubectl get pods` (kubernetes/kubernetes:pkg/printers/internalversion/printers.go, printPod). */
export function statusText(phase: PodPhase, containers: readonly ContainerState[]): string {
  if (phase === 'Terminating') return 'Terminating'
  return initText(containers) ?? appText(phase, containers)
}

function initText(containers: readonly ContainerState[]): string | undefined {
  const inits = containers.filter(({ role }) => role !== 'app')
  const current = inits.findIndex(container => !isPast(container))
  const container = inits[current]
  if (container === undefined) return undefined
  if (container.state === 'terminated') return `Init:${container.reason}`
  if (container.state === 'waiting' && container.reason !== 'PodInitializing')
    return `Init:${container.reason}`
  return `Init:${current}/${inits.length}`
}

/** Whether the next container may start: an init container has succeeded, a side-car has started. */
function isPast({ role, state, exitCode }: ContainerState): boolean {
  return role === 'init' ? state === 'terminated' && exitCode === 0 : state === 'running'
}

function appText(phase: PodPhase, containers: readonly ContainerState[]): string {
  const apps = containers.filter(({ role }) => role === 'app')
  const trouble = apps.find(
    ({ state, reason }) => state !== 'running' && reason !== 'PodInitializing' && reason !== 'Completed',
  )
  if (trouble !== undefined) return trouble.reason
  if (apps.some(({ state }) => state === 'running')) return 'Running'
  return phase === 'Succeeded' ? 'Completed' : phase
}
