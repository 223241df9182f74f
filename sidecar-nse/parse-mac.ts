/** Reads a unicast MAC such as 02:00:00:00:00:01. Throws Error, so that it serves as the parser of a setting. */
export function parseMac(text: string): string {
  const mac = text.trim().toLowerCase()
  if (!/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/.test(mac))
    throw new Error('expected a unicast MAC like 02:00:00:00:00:01')
  return mac
}
