import type { ApiCall, KubeApi } from '#kube/api.ts'
import type { JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'

/** Milliseconds that a writer waits for the API server. */
const writeMs = 5000

/** Asks the API server; REGISTRY_UNAVAILABLE when it does not answer. */
export type Ask = (call: Omit<ApiCall, 'signal'>) => Promise<JsonObject>

/** The API server as the registry asks it, until the signal aborts. */
export function askUntil(api: Pick<KubeApi, 'call'>, signal: AbortSignal): Ask {
  return async call => {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(writeMs)])
    try {
      return await api.call({ ...call, signal: deadline })
    } catch (cause) {
      const { code, message } = NsmError.from(cause)
      if (code !== 'API_UNAVAILABLE' && code !== 'DEADLINE') throw cause
      throw new NsmError(
        'REGISTRY_UNAVAILABLE',
        `the registry cannot be written: ${message}; the API server may be starting again`,
        { cause },
      )
    }
  }
}

/** The patch that makes or changes an object as a whole, whoever wrote it before. */
export function applyCall(path: string, body: JsonObject): Omit<ApiCall, 'signal'> {
  return {
    method: 'PATCH',
    path: `${path}?fieldManager=nsm-manager&force=true`,
    contentType: 'application/apply-patch+yaml',
    body,
  }
}

/** Deletes the very object that was seen; who changed it or made another of that name has it stay. */
export function deleteCall(
  path: string,
  preconditions: { readonly uid: string; readonly resourceVersion?: string },
): Omit<ApiCall, 'signal'> {
  return { method: 'DELETE', path, body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions } }
}

/** Whether the API server says that an object is not, or no longer the one that was meant. */
export function isGone(thrown: unknown): boolean {
  const { code } = NsmError.from(thrown)
  return code === 'NOT_FOUND' || code === 'CONFLICT'
}
