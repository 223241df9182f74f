import { endpoints, services } from './kinds.ts'
import { Records } from './records.ts'
import type { Registry } from './registry.ts'

/** A registry that forgets with its process. */
export function memoryRegistry(): Registry {
  return { services: new Records(services), endpoints: new Records(endpoints) }
}
