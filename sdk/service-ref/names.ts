/** What a service or a domain may be called: a DNS subdomain, as Kubernetes names objects (RFC 1123 §2.1). */
export const dnsNameRule = 'lower-case letters, digits, "-" and "." (a DNS name of at most 253 characters)'

/** The longest interface name in bytes: IFNAMSIZ less the terminating zero (net/if.h). */
const longest = 15

/** What an interface may be called (dev_valid_name in the kernel's net/core/dev.c). */
export const interfaceNameRule = `an interface name of 1 to ${longest} bytes, without "/", ":", "%", white space or control characters, and not "." or ".."`

/** Whether a service or a domain may be called so; see `dnsNameRule`. */
export function isDnsName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name)
}

/** Whether the kernel takes a name for an interface; see `interfaceNameRule`. */
export function isInterfaceName(name: string): boolean {
  const bytes = new TextEncoder().encode(name)
  if (bytes.length < 1 || bytes.length > longest || name === '.' || name === '..') return false
  // The kernel reads names as Latin-1 and takes the byte A0 for a space; it takes "%" for a template (dev_alloc_name).
  return !/[\s/:%\p{Cc}]/u.test(name) && !bytes.includes(0xa0)
}
