import type { MessageInitShape } from '@bufbuild/protobuf'
import { NsmError } from '#sdk/errors.ts'
import type {
  AllocateRequest,
  ContainerAllocateRequest,
  ContainerAllocateResponseSchema,
} from '#sdk/wire/gen/deviceplugin/deviceplugin_pb.ts'
import { socketName } from '#sdk/workspace/socket-address.ts'
import { deviceName, isDevice } from './devices.ts'
import { dropDirectory, makeDirectory } from './directory.ts'
import { containerDirectory, resourceName } from './names.ts'

/** What one container gets. */
export interface Allocation {
  readonly devices: readonly string[]
  readonly workspace: string
  readonly response: MessageInitShape<typeof ContainerAllocateResponseSchema>
}

/**
 * Gives each container one workspace, however many devices it asked for: one allocation per request, in their order. It
 * is all or nothing; fails with BAD_INPUT for a device that is not ours, STORAGE when a directory cannot be made.
 */
export function allocate({ containerRequests }: AllocateRequest, baseDir: string): readonly Allocation[] {
  const devices = containerRequests.map(checkedDevices)
  const made: Allocation[] = []
  try {
    for (const of of devices) made.push(allocation(of, baseDir))
    return made
  } catch (cause) {
    for (const { workspace } of made) dropDirectory(baseDir, workspace)
    throw cause
  }
}

function checkedDevices({ devicesIds }: ContainerAllocateRequest): readonly [string, ...string[]] {
  const [first, ...others] = devicesIds.toSorted()
  if (first === undefined)
    throw new NsmError('BAD_INPUT', `allocating ${resourceName}: a container asks for no device`)
  const foreign = devicesIds.find(id => !isDevice(id))
  if (foreign !== undefined)
    throw new NsmError('BAD_INPUT', `allocating ${deviceName(foreign)}: it is none that was announced`)
  return [first, ...others]
}

function allocation(devices: readonly [string, ...string[]], baseDir: string): Allocation {
  const workspace = makeDirectory(baseDir, devices[0])
  return {
    devices,
    workspace,
    response: {
      mounts: [{ hostPath: `${baseDir}/${workspace}`, containerPath: containerDirectory, readOnly: false }],
      envs: {
        NSM_DEVICE_PLUGIN: 'true',
        NSM_SERVER_SOCKET: `${containerDirectory}${socketName.server}`,
        NSM_CLIENT_SOCKET: `${containerDirectory}${socketName.client}`,
        WORKSPACE: containerDirectory,
      },
    },
  }
}
