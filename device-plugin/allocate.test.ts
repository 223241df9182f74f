import { mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { AllocateRequestSchema } from '#sdk/wire/gen/deviceplugin/deviceplugin_pb.ts'
import { allocate } from './allocate.ts'
import { twoDirectories } from './fake-kubelet.ts'

function ask(...containers: readonly (readonly string[])[]) {
  return create(AllocateRequestSchema, {
    containerRequests: containers.map(ids => ({ devicesIds: [...ids] })),
  })
}

describe('allocate', () => {
  it('gives a container a workspace: its mount and its environment', () => {
    using place = twoDirectories()
    const [allocation] = allocate(ask(['nsm-7']), place.baseDir)
    const workspace = allocation?.workspace ?? ''
    expect(workspace).toMatch(/^nsm-7-[0-9a-f]{12}$/)
    expect(allocation?.response).toEqual({
      mounts: [
        {
          hostPath: join(place.baseDir, workspace),
          containerPath: '/var/lib/networkservicemesh/',
          readOnly: false,
        },
      ],
      envs: {
        NSM_DEVICE_PLUGIN: 'true',
        NSM_SERVER_SOCKET: '/var/lib/networkservicemesh/nsm.server.io.sock',
        NSM_CLIENT_SOCKET: '/var/lib/networkservicemesh/nsm.client.io.sock',
        WORKSPACE: '/var/lib/networkservicemesh/',
      },
    })
    expect((statSync(join(place.baseDir, workspace)).mode & 0o7777).toString(8)).toBe('1777')
  })

  it.each([
    { containers: [] },
    { containers: [['nsm-1']] },
    { containers: [['nsm-1'], ['nsm-2'], ['nsm-3']] },
    { containers: [['nsm-1', 'nsm-2'], ['nsm-3']] },
  ])('answers exactly once per container: $containers', ({ containers }) => {
    using place = twoDirectories()
    const given = allocate(ask(...containers), place.baseDir)
    expect(given.map(({ devices }) => devices)).toEqual(containers)
    expect(readdirSync(place.baseDir)).toHaveLength(containers.length)
  })

  it('never gives the workspace of a device that was given before', () => {
    using place = twoDirectories()
    const names = Array.from({ length: 50 }, () => allocate(ask(['nsm-1']), place.baseDir)[0]?.workspace)
    expect(new Set(names).size).toBe(50)
  })

  it.each(['', 'gpu-1', 'nsm-0', 'nsm-1/../..', '../nsm-1', 'nsm-12345678'])('refuses the device %j', id => {
    using place = twoDirectories()
    expect(() => allocate(ask(['nsm-1'], [id]), place.baseDir)).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT' }),
    )
    expect(readdirSync(place.baseDir)).toEqual([])
  })

  it('refuses a container without devices', () => {
    using place = twoDirectories()
    expect(() => allocate(ask([]), place.baseDir)).toThrow(/no device/)
  })

  it('says where it cannot make a directory, and leaves none behind', () => {
    using place = twoDirectories()
    rmSync(place.baseDir, { recursive: true })
    writeFileSync(place.baseDir, '')
    expect(() => allocate(ask(['nsm-1']), place.baseDir)).toThrow(
      expect.objectContaining({ code: 'STORAGE', message: expect.stringContaining(place.baseDir) }),
    )
  })

  it('follows no link that lies in its way', () => {
    using place = twoDirectories()
    const target = join(place.kubeletDir, 'target')
    mkdirSync(target, { mode: 0o700 })
    symlinkSync(target, join(place.baseDir, 'nsm-1-000000000000'))
    allocate(ask(['nsm-1']), place.baseDir)
    expect(readdirSync(target)).toEqual([])
    expect((statSync(target).mode & 0o7777).toString(8)).toBe('700')
  })
})
