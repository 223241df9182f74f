import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt'

/** How long ago, in one or two units as kubectl prints it: 7s, 4m12s, 3h5m, 2d. */
export function age(since: Timestamp | undefined, now: Date): string {
  if (since === undefined) return '-'
  const seconds = Math.max(0, Math.floor((now.getTime() - timestampDate(since).getTime()) / 1000))
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return `${minutes}m${seconds % 60}s`
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours}h${minutes % 60}m` : `${Math.floor(hours / 24)}d`
}

/** The time of day with milliseconds, local time. */
export function clock(at: Timestamp | undefined): string {
  if (at === undefined) return '-'
  const date = timestampDate(at)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`
}
