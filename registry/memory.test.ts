import { memoryRegistry } from './memory.ts'
import { registryContract } from './registry.contract.ts'

registryContract('memoryRegistry', memoryRegistry)
