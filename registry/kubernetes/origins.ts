import type { EndpointOrigin } from './endpoint-object.ts'

/** The endpoints that the API server has; the same name may be there once in each namespace. */
export class Origins {
  readonly #byName = new Map<string, Map<string, EndpointOrigin>>()

  set(origin: EndpointOrigin): void {
    const { endpoint, pod } = origin.record
    const same = this.#byName.get(endpoint.name) ?? new Map<string, EndpointOrigin>()
    this.#byName.set(endpoint.name, same.set(pod.namespace, origin))
  }

  clear(): void {
    this.#byName.clear()
  }

  delete(namespace: string, name: string): void {
    const same = this.#byName.get(name)
    same?.delete(namespace)
    if (same?.size === 0) this.#byName.delete(name)
  }

  get(namespace: string, name: string): EndpointOrigin | undefined {
    return this.#byName.get(name)?.get(namespace)
  }

  /** All of a name, the oldest first: the name is its. */
  called(name: string): readonly EndpointOrigin[] {
    return [...(this.#byName.get(name)?.values() ?? [])].toSorted(
      (a, b) => compare(a.created, b.created) || compare(a.uid, b.uid),
    )
  }

  ofNode(node: string): readonly EndpointOrigin[] {
    return [...this.#byName.values()].flatMap(same =>
      [...same.values()].filter(({ record }) => record.node === node),
    )
  }

  names(): readonly string[] {
    return [...this.#byName.keys()]
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
