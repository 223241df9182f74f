/** What controllers decide, as pure functions of what there is. */

/** A pod of a workload, or one that is being made. */
export interface Replica {
  readonly name: string
  readonly revision: string
  readonly node: string
  readonly ready: boolean
  readonly terminating: boolean
}

/** A pod to make. */
export interface NewPod {
  readonly name: string
  /** Bound to this node; else the scheduler decides. */
  readonly node?: string
}

/** What to do next, and whether all is as it should be. */
export interface Plan {
  readonly create: readonly NewPod[]
  /** Names of pods to remove. */
  readonly remove: readonly string[]
  readonly done: boolean
}

/** What a workload wants. */
export interface Wanted {
  readonly name: string
  readonly revision: string
  readonly replicas: number
}

/**
 * A Deployment: pods of the new revision come first, and for each one that is ready an old one goes, the unready ones
 * before all. With the strategy Recreate the old ones go first.
 */
export function planDeployment(
  wanted: Wanted & { readonly recreate: boolean },
  replicas: readonly Replica[],
  suffix: () => string,
): Plan {
  const living = replicas.filter(({ terminating }) => !terminating)
  const current = living.filter(({ revision }) => revision === wanted.revision)
  const old = living.filter(({ revision }) => revision !== wanted.revision)
  const mayCreate = !wanted.recreate || replicas.every(({ revision }) => revision === wanted.revision)
  const missing = mayCreate ? Math.max(0, wanted.replicas - current.length) : 0
  const surplus = unreadyFirst(current).slice(0, Math.max(0, current.length - wanted.replicas))
  const ready = current.filter(replica => replica.ready).length
  const superseded = wanted.recreate
    ? old
    : unreadyFirst(old).slice(0, Math.max(0, old.length - (wanted.replicas - ready)))
  return {
    create: Array.from({ length: missing }, () => ({
      name: `${wanted.name}-${wanted.revision}-${suffix()}`,
    })),
    remove: [...surplus, ...superseded].map(({ name }) => name),
    done:
      replicas.length === wanted.replicas && current.length === wanted.replicas && ready === wanted.replicas,
  }
}

/**
 * A StatefulSet: pods have ordinals. They are made one after the other, each when the one before is ready, or all at
 * once with the policy Parallel; a new revision replaces them from the last to the first.
 */
export function planStatefulSet(
  wanted: Wanted & { readonly parallel: boolean },
  replicas: readonly Replica[],
): Plan {
  const named = new Map(replicas.map(replica => [replica.name, replica]))
  const names = Array.from({ length: wanted.replicas }, (_, ordinal) => `${wanted.name}-${ordinal}`)
  const missing = names.filter(name => !named.has(name))
  const unsettled = names.find(name => named.get(name)?.ready !== true)
  const create = wanted.parallel ? missing : missing.filter(name => name === unsettled).slice(0, 1)
  const surplus = replicas.filter(({ name, terminating }) => !names.includes(name) && !terminating)
  const outdated = names
    .toReversed()
    .flatMap(name => named.get(name) ?? [])
    .find(({ revision }) => revision !== wanted.revision)
  const replaceable =
    outdated !== undefined &&
    !outdated.terminating &&
    (wanted.parallel || (replicas.every(({ terminating }) => !terminating) && missing.length === 0))
  const settled = replicas.length === names.length && unsettled === undefined && outdated === undefined
  return {
    create: create.map(name => ({ name })),
    remove: [...surplus, ...(replaceable ? [outdated] : [])].map(({ name }) => name),
    done: settled && replicas.every(({ terminating }) => !terminating),
  }
}

/** A DaemonSet: one pod a node; an old one goes before the new one comes. */
export function planDaemonSet(
  wanted: Omit<Wanted, 'replicas'> & { readonly nodes: readonly string[] },
  replicas: readonly Replica[],
  suffix: () => string,
): Plan {
  const free = wanted.nodes.filter(node => replicas.every(replica => replica.node !== node))
  const living = replicas.filter(({ terminating }) => !terminating)
  const right = living.filter(
    ({ revision, node }) => revision === wanted.revision && wanted.nodes.includes(node),
  )
  const kept = wanted.nodes.flatMap(node => right.find(replica => replica.node === node) ?? [])
  const surplus = living.filter(replica => !kept.includes(replica))
  return {
    create: free.map(node => ({ name: `${wanted.name}-${suffix()}`, node })),
    remove: surplus.map(({ name }) => name),
    done:
      replicas.length === wanted.nodes.length &&
      kept.length === wanted.nodes.length &&
      kept.every(({ ready }) => ready),
  }
}

function unreadyFirst(replicas: readonly Replica[]): readonly Replica[] {
  return replicas.toSorted((a, b) => Number(a.ready) - Number(b.ready))
}
