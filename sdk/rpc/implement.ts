import type {
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
} from '@bufbuild/protobuf'
import { supported } from './method.ts'
import type { Handlers, MethodHandler } from './types.ts'

/** A method beside the function that serves it. */
export type ServedMethod<P> =
  | {
      readonly kind: 'unary'
      readonly method: DescMethodUnary
      readonly handler: MethodHandler<DescMethodUnary, P>
    }
  | {
      readonly kind: 'server_streaming'
      readonly method: DescMethodServerStreaming
      readonly handler: MethodHandler<DescMethodServerStreaming, P>
    }
  | {
      readonly kind: 'bidi_streaming'
      readonly method: DescMethodBiDiStreaming
      readonly handler: MethodHandler<DescMethodBiDiStreaming, P>
    }

/** A service and its handlers, ready for `serve`. */
export interface Served<P> {
  readonly service: DescService
  readonly methods: readonly ServedMethod<P>[]
}

/** Joins a generated service with one handler per method. Throws UNSUPPORTED for a client-streaming method. */
export function implement<S extends DescService, P>(service: S, handlers: Handlers<S, P>): Served<P> {
  const byName: Readonly<Record<string, unknown>> = handlers
  const methods = service.methods.map(each => {
    const method = supported(each)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `Handlers` paired them, a loop cannot tell
    return { kind: method.methodKind, method, handler: byName[method.localName] } as ServedMethod<P>
  })
  return { service, methods }
}
