/** Milliseconds of the units of `grpc-timeout` (gRPC over HTTP/2, Timeout). */
const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 }

/** Milliseconds that the value of `grpc-timeout` stands for; undefined when there is none or it cannot be read. */
export function timeoutOf(value: string | undefined): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(value ?? '') ?? []
  return digits === undefined ? undefined : Number(digits) * (units[unit] ?? 0)
}

/** The value of `grpc-timeout` for so many milliseconds. */
export function timeoutText(ms: number): string {
  return ms < 1e8 ? `${Math.max(0, Math.ceil(ms))}m` : `${Math.min(Math.ceil(ms / 1000), 99_999_999)}S`
}
