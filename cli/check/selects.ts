import type { LabelSelector } from './objects.ts'

/** Whether a label selector (meta/v1) selects these labels; an absent or empty one selects everything. */
export function selects(
  selector: LabelSelector | null | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  const equal = Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
  return (
    equal &&
    (selector?.matchExpressions ?? []).every(({ key = '', operator, values }) => {
      const value = labels[key]
      if (operator === 'In') return value !== undefined && (values ?? []).includes(value)
      if (operator === 'NotIn') return value === undefined || !(values ?? []).includes(value)
      return operator === 'DoesNotExist' ? value === undefined : value !== undefined
    })
  )
}
