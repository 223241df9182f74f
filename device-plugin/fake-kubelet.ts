import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { type Channel, dial } from '#sdk/rpc/dial.ts'
import { implement } from '#sdk/rpc/implement.ts'
import { serve } from '#sdk/rpc/serve.ts'
import type { Client } from '#sdk/rpc/types.ts'
import {
  ContainerAllocateResponseSchema,
  DevicePlugin,
  type RegisterRequest,
  Registration,
} from '#sdk/wire/gen/deviceplugin/deviceplugin_pb.ts'
import { checkpointFile } from './checkpoint.ts'
import { containerDirectory, kubeletSocket, resourceName } from './names.ts'

/** A line of kubelet's checkpoint. */
export interface Entry {
  readonly podUid: string
  readonly devices: readonly string[]
  readonly hostPath: string
}

/** Empty directories in place of kubelet's and of ours; disposing removes them. */
export function twoDirectories(): Disposable & { readonly kubeletDir: string; readonly baseDir: string } {
  const [kubeletDir, baseDir] = [mkdtempSync(join(tmpdir(), 'kubelet-')), mkdtempSync(join(tmpdir(), 'nsm-'))]
  return {
    kubeletDir,
    baseDir,
    [Symbol.dispose]() {
      for (const path of [kubeletDir, baseDir]) rmSync(path, { recursive: true, force: true })
    },
  }
}

/** The text of a checkpoint as kubelet 1.34 writes it. */
export function checkpointText(entries: readonly Entry[]): string {
  return JSON.stringify({
    Data: {
      PodDeviceEntries: entries.map(({ podUid, devices, hostPath }) => ({
        PodUID: podUid,
        ContainerName: 'app',
        ResourceName: resourceName,
        DeviceIDs: { '-1': devices },
        AllocResp: responseWith(hostPath),
      })),
      RegisteredDevices: { [resourceName]: entries.flatMap(({ devices }) => devices) },
    },
    Checksum: 1,
  })
}

/** Writes a checkpoint as kubelet does: beside it, then moved to its name. */
export function writeCheckpoint(kubeletDir: string, entries: readonly Entry[]): void {
  const path = join(kubeletDir, checkpointFile)
  writeFileSync(`${path}.tmp`, checkpointText(entries))
  renameSync(`${path}.tmp`, path)
}

function responseWith(hostPath: string): string {
  const response = create(ContainerAllocateResponseSchema, {
    mounts: [{ hostPath, containerPath: containerDirectory }],
  })
  return Buffer.from(toBinary(ContainerAllocateResponseSchema, response)).toString('base64')
}

/** Kubelet's side of the plugin API: what it was told, and what it may ask. */
export interface FakeKubelet extends AsyncDisposable {
  readonly registrations: readonly RegisterRequest[]
  /** The newest list of devices; it waits for the first. */
  readonly devices: () => Promise<readonly string[]>
  readonly plugin: () => Promise<Client<typeof DevicePlugin>>
  /** Ends the stream of devices and keeps its own socket. */
  readonly endStream: () => void
}

/**
 * Starts one in a directory as kubelet does: it dials the plugin and asks for its options before it answers Register,
 * then reads the stream of devices to its end.
 */
export async function fakeKubelet(kubeletDir: string): Promise<FakeKubelet> {
  const registrations: RegisterRequest[] = []
  let lists: (readonly string[])[] = []
  let newest: Channel | undefined
  const connected = Promise.withResolvers<void>()
  let heard = Promise.withResolvers<void>()
  let stop = new AbortController()
  const channels = new AsyncDisposableStack()
  const watch = async (channel: Channel): Promise<void> => {
    const { signal } = stop
    for await (const { devices } of channel.client(DevicePlugin).listAndWatch({}, { signal })) {
      lists.push(devices.map(({ ID }) => ID))
      heard.resolve()
    }
  }
  const server = await serve({
    address: `unix://${join(kubeletDir, kubeletSocket)}`,
    peerOf: () => undefined,
    services: [
      implement(Registration, {
        register: async request => {
          const channel = channels.use(dial(`unix://${join(kubeletDir, request.endpoint)}`))
          await channel.client(DevicePlugin).getDevicePluginOptions({})
          registrations.push(request)
          if (lists.length > 0) heard = Promise.withResolvers()
          lists = []
          stop = new AbortController()
          newest = channel
          connected.resolve()
          // Its end is what the plugin has to notice, whatever the reason.
          void watch(channel).catch(() => channel[Symbol.asyncDispose]())
          return {}
        },
      }),
    ],
  })
  return {
    registrations,
    devices: async () => {
      await heard.promise
      return lists.at(-1) ?? []
    },
    plugin: async () => {
      await connected.promise
      if (newest === undefined) throw new Error('no plugin has registered')
      return newest.client(DevicePlugin)
    },
    endStream: () => stop.abort(),
    async [Symbol.asyncDispose]() {
      await channels.disposeAsync()
      await server[Symbol.asyncDispose]()
    },
  }
}
