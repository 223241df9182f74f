import { NsmError } from '#sdk/errors.ts'

/** Asks the shared registry; REGISTRY_UNAVAILABLE when it does not answer. */
export async function reachable<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    const { code, message } = NsmError.from(cause)
    if (code !== 'MANAGER_UNAVAILABLE' && code !== 'SOCKET_MISSING' && code !== 'DEADLINE') throw cause
    throw new NsmError(
      'REGISTRY_UNAVAILABLE',
      `the registry cannot be written: ${message}; it may be starting again`,
      { cause },
    )
  }
}
