import type { Handlers } from '#sdk/rpc/types.ts'
import type { DevicePlugin } from '#sdk/wire/gen/deviceplugin/deviceplugin_pb.ts'
import { type Allocation, allocate } from './allocate.ts'
import type { Devices } from './devices.ts'
import type { Streams } from './streams.ts'

/** What serving kubelet depends on. */
export interface ServiceOptions {
  readonly baseDir: string
  readonly devices: Devices
  readonly streams: Streams
  /** Told of each allocation when kubelet has its answer. */
  readonly onAllocated: (allocation: Allocation) => void
}

/** What kubelet asks of a device plugin. Nothing of it waits for the network or for another program. */
export function devicePluginHandlers(options: ServiceOptions): Handlers<typeof DevicePlugin, unknown> {
  const { baseDir, devices, streams, onAllocated } = options
  return {
    getDevicePluginOptions: async () => ({}),
    async *listAndWatch(_, { signal }) {
      using _stream = streams.open()
      for await (const ids of devices.lists(signal))
        yield { devices: ids.map(ID => ({ ID, health: 'Healthy' })) }
    },
    async allocate(request) {
      const allocations = allocate(request, baseDir)
      // Kubelet admits no other pod until it has its answer.
      setImmediate(() => allocations.forEach(onAllocated))
      return { containerResponses: allocations.map(({ response }) => response) }
    },
    getPreferredAllocation: async () => ({}),
    preStartContainer: async () => ({}),
  }
}
