import { join } from 'node:path'
import type { Netns } from '#kernel/netns.ts'
import type { ContainerSpec, PodObject } from '#local/objects/object.ts'
import type { Command } from '#local/processes/start-process.ts'
import { commandOf } from './command.ts'
import { Container } from './container.ts'
import type { ContainerRole } from './container-state.ts'
import type { Home } from './home.ts'
import { initRestartPolicy, type RestartPolicy, restartPolicyOf } from './restart.ts'
import { isWired } from './wiring-gate.ts'
import { asksForWorkspace, workspaceName, workspaceVariables } from './workspace.ts'

/** A container of a pod and what it is made of. */
export interface Part {
  readonly container: Container
  /** What it runs, made anew each time. Throws NsmError when something is missing. */
  readonly command: () => Command
  /** Name of its workspace, when it asks for one. */
  readonly workspace: string | undefined
}

/** Where a pod's containers run. */
export interface PodPlace {
  /** Folder of the pod, for termination messages. */
  readonly folder: string
  /** Throws NOT_FOUND while there is none. */
  readonly netns: () => Netns
}

interface Role {
  readonly spec: ContainerSpec
  readonly role: ContainerRole
  readonly policy: RestartPolicy
}

/** The containers of a pod in the order of their start: init containers and side-cars as written, then the others. */
export function makeParts(pod: PodObject, home: Home, place: PodPlace): readonly Part[] {
  return rolesOf(pod).map((role, index) => makePart(role, { pod, home, place, index }))
}

function rolesOf({ spec }: PodObject): readonly Role[] {
  const policy = restartPolicyOf(spec.restartPolicy)
  const inits = (spec.initContainers ?? []).map(
    (container): Role =>
      container.restartPolicy === 'Always'
        ? { spec: container, role: 'sidecar', policy: 'Always' }
        : { spec: container, role: 'init', policy: initRestartPolicy(policy) },
  )
  return [...inits, ...spec.containers.map((container): Role => ({ spec: container, role: 'app', policy }))]
}

interface PartOptions {
  readonly pod: PodObject
  readonly home: Home
  readonly place: PodPlace
  readonly index: number
}

function makePart({ spec, role, policy }: Role, { pod, home, place, index }: PartOptions): Part {
  const { namespace, uid = '' } = pod.metadata
  const { node, baseEnv, changed, wiring } = home
  const workspace = asksForWorkspace(spec) ? workspaceName(uid, index) : undefined
  const terminationLog = join(place.folder, `${spec.name}.termination`)
  const ownEnv = {
    ...(workspace === undefined ? {} : workspaceVariables(node.base, workspace)),
    ...(pod.spec.hostNetwork === true ? { NSM_BASEDIR: node.base } : {}),
    TERMINATION_LOG: terminationLog,
  }
  const command = () =>
    commandOf(spec, {
      pod,
      node: node.name,
      netns: place.netns(),
      find: (kind, name) => home.find({ kind, name, namespace }),
      baseEnv,
      ownEnv,
    })
  const isReady = () => isWired(spec, uid, wiring)
  return {
    container: new Container({ name: spec.name, role, policy, terminationLog, command, isReady, changed }),
    command,
    workspace,
  }
}
