import type {
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf'

/**
 * Where a server listens or a client dials: `unix:///absolute/path`, `unix-abstract://name` (no file, the scope is
 * the network namespace; unix(7)) or `tcp://host:port`; port 0 asks the kernel for a free one.
 */
export type Address = `unix://${string}` | `unix-abstract://${string}` | `tcp://${string}`

/** What a handler knows of the call beside its message. `P` is whatever the server's `peerOf` made of the socket. */
export interface RpcContext<P> {
  /** Aborted when the caller cancels, its deadline passes, its connection ends, or the server shuts down. */
  readonly signal: AbortSignal
  readonly peer: P
}

/**
 * The function that serves one method; streams are async iterables. When a caller leaves a stream of inputs may just
 * end: only the signal tells that the caller is gone.
 */
export type MethodHandler<M extends DescMethod, P> =
  M extends DescMethodUnary<infer I, infer O>
    ? (input: MessageShape<I>, context: RpcContext<P>) => Promise<MessageInitShape<O>>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? (input: MessageShape<I>, context: RpcContext<P>) => AsyncIterable<MessageInitShape<O>>
      : M extends DescMethodBiDiStreaming<infer I, infer O>
        ? (
            input: AsyncIterable<MessageShape<I>>,
            context: RpcContext<P>,
          ) => AsyncIterable<MessageInitShape<O>>
        : never

/** One handler per method of a service, under the method's local name (`request`, `close`, ...). */
export type Handlers<S extends DescService, P> = {
  readonly [K in keyof S['method']]: MethodHandler<S['method'][K], P>
}

/** Limits of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal
  /** Milliseconds until the call fails with DEADLINE; default 15,000 for unary calls, none for streams. */
  readonly timeoutMs?: number
}

/** The function that calls one method. It throws only NsmError. */
export type MethodCaller<M extends DescMethod> =
  M extends DescMethodUnary<infer I, infer O>
    ? (input: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? (input: MessageInitShape<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
      : M extends DescMethodBiDiStreaming<infer I, infer O>
        ? (input: AsyncIterable<MessageInitShape<I>>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
        : never

/** A typed client of a service. */
export type Client<S extends DescService> = {
  readonly [K in keyof S['method']]: MethodCaller<S['method'][K]>
}
