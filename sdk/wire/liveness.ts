/** Keys of `ConnectionContext.extra_context` by which a client asks that the data path of its connection is probed. */
export const livenessKey = {
  /** `on` or `off`; an interval or a loss means `on`. */
  check: 'livenessCheck',
  /** Time between two probes, such as `500ms`. */
  interval: 'livenessInterval',
  /** Probes in a row without an answer after which nothing is said to pass. */
  loss: 'livenessLoss',
} as const
