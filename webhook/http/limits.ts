/** What the server takes from a client, so that none can use it up. */
export interface Limits {
  /** Bytes of a body. */
  readonly body: number
  /** Bytes from which a body counts as large. */
  readonly largeBody: number
  /** How many large bodies may be read at once. */
  readonly largeBodies: number
  /** Milliseconds for a TLS handshake. */
  readonly handshakeMs: number
  /** Milliseconds for the headers of a request. */
  readonly headersMs: number
  /** Milliseconds for the body of a request, from its headers on. */
  readonly bodyMs: number
  /** Milliseconds that a connection may be idle. */
  readonly keepAliveMs: number
  /** Bytes of all headers of a request. */
  readonly headers: number
  readonly connections: number
}

/** The limits that are served with. */
export const defaultLimits: Limits = {
  // The API server takes 3 MiB from a user; an UPDATE that brings the old object too stays below this in practice.
  body: 4 * 1024 * 1024,
  largeBody: 256 * 1024,
  largeBodies: 4,
  handshakeMs: 5_000,
  headersMs: 2_000,
  bodyMs: 5_000,
  // Go pools idle connections for 90 s; a shorter time here would reset some of its requests.
  keepAliveMs: 120_000,
  headers: 16 * 1024,
  connections: 2_000,
}
