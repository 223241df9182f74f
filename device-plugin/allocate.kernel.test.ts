import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { AllocateRequestSchema } from '#sdk/wire/gen/deviceplugin/deviceplugin_pb.ts'
import { allocate } from './allocate.ts'
import { twoDirectories } from './fake-kubelet.ts'

describe('allocate', () => {
  it('fails with STORAGE on a full disk, leaves nothing behind, and works again when there is room', () => {
    using place = twoDirectories()
    const { baseDir } = place
    // Room for the root directory and three more.
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'nr_inodes=4', 'tmpfs', baseDir])
    expect(mounted.status).toBe(0)
    try {
      writeFileSync(join(baseDir, 'journal'), '')
      const three = ['nsm-1', 'nsm-2', 'nsm-3'].map(id => ({ devicesIds: [id] }))
      const ask = (containerRequests: typeof three) =>
        allocate(create(AllocateRequestSchema, { containerRequests }), baseDir)
      expect(() => ask(three)).toThrow(
        expect.objectContaining({
          code: 'STORAGE',
          message: expect.stringMatching(/ENOSPC.*disk of the node/),
        }),
      )
      expect(readdirSync(baseDir)).toEqual(['journal'])
      expect(ask(three.slice(0, 2))).toHaveLength(2)
    } finally {
      spawnSync('umount', [baseDir])
    }
  })
})
