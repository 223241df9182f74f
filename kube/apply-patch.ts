import { isObject, type JsonObject } from './shape.ts'

/** A merge patch (RFC 7386) applied to a value: null removes, objects merge, everything else replaces. */
export function mergePatched(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = mergePatched(result[key], value)
  }
  return result
}

/** One operation of a JSON Patch (RFC 6902), of the four kinds that the fake API server knows. */
export interface PatchOperation {
  readonly op: 'add' | 'replace' | 'remove' | 'test'
  readonly path: string
  readonly value?: unknown
}

/** A JSON patch applied to a copy of an object. Throws an Error that names the operation that does not apply. */
export function jsonPatched(target: JsonObject, operations: readonly PatchOperation[]): JsonObject {
  return operations.reduce<JsonObject>((object, operation) => {
    const keys = operation.path
      .split('/')
      .slice(1)
      .map(key => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    const changed = changedAt(object, keys, operation)
    return isObject(changed) ? changed : {}
  }, target)
}

function changedAt(
  value: unknown,
  [key = '', ...rest]: readonly string[],
  operation: PatchOperation,
): unknown {
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value
    const index = key === '-' ? list.length : Number(key)
    if (rest.length > 0) return list.with(index, changedAt(list[index], rest, operation))
    if (operation.op === 'add') return list.toSpliced(index, 0, operation.value)
    mustHold(index in list, operation)
    return operation.op === 'remove'
      ? list.toSpliced(index, 1)
      : list.with(index, replaced(list[index], operation))
  }
  if (!isObject(value)) throw inapplicable(operation)
  if (rest.length > 0) return { ...value, [key]: changedAt(value[key], rest, operation) }
  if (operation.op === 'add') return { ...value, [key]: operation.value }
  mustHold(key in value, operation)
  if (operation.op !== 'remove') return { ...value, [key]: replaced(value[key], operation) }
  const { [key]: _removed, ...others } = value
  return others
}

function replaced(old: unknown, operation: PatchOperation): unknown {
  if (operation.op === 'replace') return operation.value
  mustHold(JSON.stringify(old) === JSON.stringify(operation.value), operation)
  return old
}

function mustHold(condition: boolean, operation: PatchOperation): void {
  if (!condition) throw inapplicable(operation)
}

function inapplicable({ op, path }: PatchOperation): Error {
  return new Error(`${op} ${path} does not apply`)
}
