import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { fakeKubelet, twoDirectories, writeCheckpoint } from './fake-kubelet.ts'
import { fakeManager } from './fake-manager.ts'
import { runPlugin } from './fixture.ts'

const patience = { timeout: 20_000 }
const [one, two] = ['nsm-1-00000000000a', 'nsm-2-00000000000b']

describe('the manager', () => {
  it('is told of a workspace after kubelet has its answer, and then whose it is', async () => {
    using place = twoDirectories()
    await using kubelet = await fakeKubelet(place.kubeletDir)
    await using manager = await fakeManager(place.baseDir)
    await using _plugin = runPlugin(place)
    const plugin = await kubelet.plugin()
    const answer = await plugin.allocate({ containerRequests: [{ devicesIds: ['nsm-3', 'nsm-5'] }] })
    const hostPath = answer.containerResponses[0]?.mounts[0]?.hostPath ?? ''
    const workspace = hostPath.slice(place.baseDir.length + 1)
    await vi.waitFor(() => expect([...manager.open]).toEqual([[workspace, '']]), patience)
    writeCheckpoint(place.kubeletDir, [{ podUid: 'uid', devices: ['nsm-3', 'nsm-5'], hostPath }])
    await vi.waitFor(() => expect([...manager.open]).toEqual([[workspace, 'uid']]), patience)
  })

  it('that is away keeps nobody waiting, and is told of all when it comes', async () => {
    using place = twoDirectories()
    mkdirSync(join(place.baseDir, one))
    await using kubelet = await fakeKubelet(place.kubeletDir)
    await using _plugin = runPlugin(place)
    const plugin = await kubelet.plugin()
    await plugin.allocate({ containerRequests: [{ devicesIds: ['nsm-3'] }] })
    for (let start = 0; start < 3; start += 1) {
      await using manager = await fakeManager(place.baseDir)
      await vi.waitFor(() => expect(manager.open.size).toBe(2), patience)
    }
  })

  it('removes what kubelet gave to nobody, unless a pod uses it', async () => {
    using place = twoDirectories()
    for (const workspace of [one, two]) mkdirSync(join(place.baseDir, workspace))
    writeCheckpoint(place.kubeletDir, [])
    await using manager = await fakeManager(place.baseDir)
    manager.claim(two)
    await using _plugin = runPlugin(place, { NSM_WORKSPACE_GRACE: '1ms' })
    await vi.waitFor(() => expect(existsSync(join(place.baseDir, one))).toBe(false), patience)
    expect(existsSync(join(place.baseDir, two))).toBe(true)
  })

  it('removes nothing while kubelet says nothing, and nothing young', async () => {
    using place = twoDirectories()
    mkdirSync(join(place.baseDir, one))
    await using manager = await fakeManager(place.baseDir)
    {
      await using _plugin = runPlugin(place, { NSM_WORKSPACE_GRACE: '1ms' })
      await vi.waitFor(() => expect(manager.open.has(one)).toBe(true), patience)
    }
    writeCheckpoint(place.kubeletDir, [])
    await using kubelet = await fakeKubelet(place.kubeletDir)
    await using _plugin = runPlugin(place, { NSM_WORKSPACE_GRACE: '1h' })
    await kubelet.devices()
    expect(existsSync(join(place.baseDir, one))).toBe(true)
  })

  it('is told again of a workspace that was removed and made anew', async () => {
    using place = twoDirectories()
    const path = join(place.baseDir, one)
    mkdirSync(path)
    await using manager = await fakeManager(place.baseDir)
    await using _plugin = runPlugin(place)
    await vi.waitFor(() => expect(manager.told).toEqual([one]), patience)
    rmSync(path, { recursive: true })
    // Events come in order: the second directory is told of after the first was missed.
    mkdirSync(join(place.baseDir, two))
    await vi.waitFor(() => expect(manager.told).toEqual([one, two]), patience)
    mkdirSync(path)
    await vi.waitFor(() => expect(manager.told).toEqual([one, two, one]), patience)
  })

  it('is told of a workspace that it forgot when it starts on a new boot', async () => {
    using place = twoDirectories()
    mkdirSync(join(place.baseDir, one))
    const hostPath = join(place.baseDir, one)
    writeCheckpoint(place.kubeletDir, [{ podUid: 'uid', devices: ['nsm-1'], hostPath }])
    await using _plugin = runPlugin(place)
    await using manager = await fakeManager(place.baseDir)
    await vi.waitFor(() => expect([...manager.open]).toEqual([[one, 'uid']]), patience)
  })
})
