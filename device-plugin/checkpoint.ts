import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { ContainerAllocateResponseSchema } from '#sdk/wire/gen/deviceplugin/deviceplugin_pb.ts'
import { deviceOf } from './directory.ts'
import { containerDirectory, resourceName } from './names.ts'

/** The file in kubelet's directory. */
export const checkpointFile = 'kubelet_internal_checkpoint'

/** What kubelet remembers to have given to a container. */
export interface Given {
  readonly podUid: string
  readonly devices: readonly string[]
  /** Undefined when the container got no workspace of ours. */
  readonly workspace: string | undefined
}

/**
 * Reads what kubelet has given away: a hint, since it is written after the answer to Allocate, and keeps pods that have
 * ended until the next one. Undefined when there is no file or its form is another.
 */
export function readCheckpoint(kubeletDir: string): readonly Given[] | undefined {
  try {
    return parseCheckpoint(readFileSync(join(kubeletDir, checkpointFile), 'utf8'))
  } catch {
    // Kubelet's own file, of no promised form: whoever cannot read it knows nothing.
    return undefined
  }
}

/** Takes the text of a checkpoint apart. Throws Error when it is none. */
export function parseCheckpoint(text: string): readonly Given[] {
  const entries = property(property(JSON.parse(text), 'Data'), 'PodDeviceEntries')
  if (entries === null) return []
  if (!Array.isArray(entries)) throw new Error('there is no list of Data.PodDeviceEntries')
  return entries
    .filter((entry: unknown) => property(entry, 'ResourceName') === resourceName)
    .map((entry: unknown) => ({
      podUid: String(property(entry, 'PodUID')),
      devices: devicesOf(property(entry, 'DeviceIDs')),
      workspace: workspaceOf(property(entry, 'AllocResp')),
    }))
}

/** Kubelet writes lists by NUMA node; before 1.20 it wrote one list. */
function devicesOf(ids: unknown): readonly string[] {
  if (typeof ids !== 'object' || ids === null) return []
  return Object.values(ids)
    .flat()
    .filter((id: unknown) => typeof id === 'string')
}

function workspaceOf(response: unknown): string | undefined {
  if (typeof response !== 'string') return undefined
  const { mounts } = fromBinary(ContainerAllocateResponseSchema, Buffer.from(response, 'base64'))
  const mount = mounts.find(({ containerPath }) => containerPath === containerDirectory)
  const name = mount === undefined ? '' : basename(mount.hostPath)
  return deviceOf(name) === undefined ? undefined : name
}

function property(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined
}
