import type {
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
} from '@bufbuild/protobuf'
import { NsmError } from '#sdk/errors.ts'

/** The kinds of methods that NSM has. */
export type SupportedMethod = DescMethodUnary | DescMethodServerStreaming | DescMethodBiDiStreaming

/** Narrows a method by its kind. Throws UNSUPPORTED for a stream of requests with a single answer. */
export function supported(method: DescMethod): SupportedMethod {
  if (method.methodKind === 'client_streaming') {
    throw new NsmError(
      'UNSUPPORTED',
      `${methodPath(method)} cannot be used: client streams are not implemented`,
    )
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type does not tie the kind to its interface
  return method as SupportedMethod
}

/** The HTTP/2 path of a method, `/package.Service/Method`. */
export function methodPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`
}
