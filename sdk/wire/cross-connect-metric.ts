/** Keys of the metrics of a cross connect in a `CrossConnectEvent`. */
export const crossConnectMetric = {
  /** Why it carries nothing, in words; absent while it does. */
  reason: 'reason',
} as const
