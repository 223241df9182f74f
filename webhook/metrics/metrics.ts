import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { boundedCounter } from './bounded-counter.ts'

/** Why a request is no question that was answered. */
export type Rejection =
  | 'too_large'
  | 'bad_type'
  | 'bad_path'
  | 'bad_method'
  | 'bad_json'
  | 'bad_http'
  | 'bad_tls'
  | 'busy'
  | 'timeout'
  | 'cancelled'
  | 'unavailable'

/** The webhook's metrics; each method costs well below a microsecond. */
export interface Metrics {
  /** A question that was answered: operation, result (`error` for a defect of ours) and its first reason. */
  answered(operation: string, result: string, reason: string): void
  rejected(why: Rejection): void
  /** A request begins; the result ends it. */
  begin(): void
  /** A request ends, after so many seconds and with a body of so many bytes. */
  end(seconds: number, bytes: number): void
  /** Until when the certificate that is served is valid, seconds since 1970. */
  certificateNotAfter(seconds: number): void
  /** What became of an attempt to publish the authorities. */
  bundlePatched(result: string): void
  /** What became of an Event. */
  eventSent(result: string): void
  /** All of them in Prometheus' text format, and its content type. */
  print(): Promise<{ readonly contentType: string; readonly text: string }>
}

/** Seconds; the smallest is what a small pod should stay below, the largest what an API server still waits for. */
const durations = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

const sizes = [1, 4, 16, 64, 256, 1024, 4096].map(kib => kib * 1024)

/** Metrics of one server, all zero. */
export function newMetrics(version: string): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const rejected = boundedCounter(
    new Counter({
      name: 'nsm_webhook_rejected_total',
      help: 'Requests that were no question or could not be taken, by reason.',
      labelNames: ['reason'],
      registers,
    }),
  )
  const answered = boundedCounter(
    new Counter({
      name: 'nsm_webhook_requests_total',
      help: 'Answered admission reviews, by operation, result (injected, changed, skipped, denied, error) and reason.',
      labelNames: ['operation', 'result', 'reason'],
      registers,
    }),
  )
  const patched = boundedCounter(
    new Counter({
      name: 'nsm_webhook_cabundle_patches_total',
      help: 'Attempts to publish the certificate authorities in the webhook configuration, by result.',
      labelNames: ['result'],
      registers,
    }),
  )
  const events = boundedCounter(
    new Counter({
      name: 'nsm_webhook_events_total',
      help: 'Events about injections, by what became of them.',
      labelNames: ['result'],
      registers,
    }),
  )
  const duration = new Histogram({
    name: 'nsm_webhook_request_duration_seconds',
    help: 'From the headers of a request to its answer.',
    buckets: durations,
    registers,
  })
  const bytes = new Histogram({
    name: 'nsm_webhook_request_body_bytes',
    help: 'Size of the bodies of requests.',
    buckets: sizes,
    registers,
  })
  const inFlight = new Gauge({
    name: 'nsm_webhook_requests_in_flight',
    help: 'Admission reviews that are being read or answered now.',
    registers,
  })
  const notAfter = new Gauge({
    name: 'nsm_webhook_cert_not_after_seconds',
    help: 'Until when the certificate that is served is valid, in seconds since 1970.',
    registers,
  })
  new Gauge({
    name: 'nsm_webhook_build_info',
    help: 'Always 1; the version is a label.',
    labelNames: ['version'],
    registers,
  })
    .labels(version)
    .set(1)
  return {
    answered: (operation, result, reason) => answered([operation, result, reason]),
    rejected: why => rejected([why]),
    begin: () => inFlight.inc(),
    end(seconds, size) {
      inFlight.dec()
      duration.observe(seconds)
      bytes.observe(size)
    },
    certificateNotAfter: seconds => notAfter.set(seconds),
    bundlePatched: result => patched([result]),
    eventSent: result => events([result]),
    print: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}
