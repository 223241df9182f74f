/** Bytes for a person, in powers of 1024 with one decimal: `512 B`, `1.5 KiB`. */
export function bytes(count: bigint): string {
  const power = units.findLastIndex((_, index) => count >= 1024n ** BigInt(index))
  if (power <= 0) return `${count} B`
  const tenths = (count * 10n) / 1024n ** BigInt(power)
  return `${tenths / 10n}.${tenths % 10n} ${units[power] ?? ''}`
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
