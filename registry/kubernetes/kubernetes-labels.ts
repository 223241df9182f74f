/** A name, with a DNS subdomain before it or not (apimachinery's IsQualifiedName). */
const keyPattern =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/

const valuePattern = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/

const longestPrefix = 253

/**
 * Those labels that Kubernetes takes; the others stay in the object's spec. NSM v0 let the registration fail.
 */
export function asKubernetesLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).filter(
      ([key, value]) => keyPattern.test(key) && key.indexOf('/') <= longestPrefix && valuePattern.test(value),
    ),
  )
}
