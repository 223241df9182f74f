import { parsePrefix, printCidr } from '#sdk/ipam/prefix.ts'

/**
 * Reads address pools in the grammar of NSM v1: `[a,b],[c],d`, where a, b, c, d are CIDRs. A client gets one pair of
 * addresses from each group; a group that runs out of one CIDR goes on with the next. A CIDR without brackets is a
 * group of its own. Throws Error naming what is wrong, so that it serves as the parser of a setting.
 */
export function parsePools(text: string): readonly (readonly string[])[] {
  const pools = [...`${text},`.matchAll(/\s*(?:\[([^[\]]*)\]|([^[\],]*))\s*,/gy)].map(([, group, single]) =>
    (group ?? single ?? '').split(',').map(item => printCidr(parsePrefix(item.trim()))),
  )
  const read = pools.reduce((sum, pool) => sum + pool.length, 0)
  if (read !== text.split(',').length) throw new Error('expected CIDRs and groups of them: [a,b],[c],d')
  return pools
}
