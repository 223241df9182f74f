import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { type FakeKubelet, fakeKubelet, twoDirectories, writeCheckpoint } from './fake-kubelet.ts'
import { runPlugin } from './fixture.ts'
import { resourceName, socketFile } from './names.ts'

const patience = { timeout: 20_000 }

function registered(kubelet: FakeKubelet, times: number): Promise<void> {
  return vi.waitFor(() => expect(kubelet.registrations).toHaveLength(times), patience)
}

describe('registration', () => {
  it('serves before it registers, and kubelet gets the devices', async () => {
    using place = twoDirectories()
    await using kubelet = await fakeKubelet(place.kubeletDir)
    await using _plugin = runPlugin(place)
    await registered(kubelet, 1)
    expect(kubelet.registrations[0]).toMatchObject({ version: 'v1beta1', endpoint: socketFile, resourceName })
    expect(await kubelet.devices()).toEqual(Array.from({ length: 8 }, (_, index) => `nsm-${index + 1}`))
  })

  it('waits for a kubelet that is not there yet', async () => {
    using place = twoDirectories()
    await using _plugin = runPlugin(place)
    await vi.waitFor(() => expect(readdirSync(place.kubeletDir)).toEqual([]))
    await using kubelet = await fakeKubelet(place.kubeletDir)
    await registered(kubelet, 1)
    expect(await kubelet.devices()).toHaveLength(8)
  })

  it('registers with each kubelet that starts after another', async () => {
    using place = twoDirectories()
    await using _plugin = runPlugin(place)
    for (let start = 0; start < 5; start += 1) {
      await using kubelet = await fakeKubelet(place.kubeletDir)
      await registered(kubelet, 1)
      expect(await kubelet.devices()).toHaveLength(8)
    }
  })

  it('registers with a kubelet that takes the place of a living one', async () => {
    using place = twoDirectories()
    await using first = await fakeKubelet(place.kubeletDir)
    await using _plugin = runPlugin(place)
    await registered(first, 1)
    rmSync(join(place.kubeletDir, 'kubelet.sock'))
    await using second = await fakeKubelet(place.kubeletDir)
    await registered(second, 1)
    expect(await second.devices()).toHaveLength(8)
  })

  it('registers again when kubelet ends the stream', async () => {
    using place = twoDirectories()
    await using kubelet = await fakeKubelet(place.kubeletDir)
    await using _plugin = runPlugin(place)
    await registered(kubelet, 1)
    await kubelet.devices()
    kubelet.endStream()
    await registered(kubelet, 2)
    expect(await kubelet.devices()).toHaveLength(8)
  })

  it('serves and registers again when its socket is removed', async () => {
    using place = twoDirectories()
    await using kubelet = await fakeKubelet(place.kubeletDir)
    await using _plugin = runPlugin(place)
    await registered(kubelet, 1)
    await kubelet.devices()
    rmSync(join(place.kubeletDir, socketFile))
    await registered(kubelet, 2)
    expect(await (await kubelet.plugin()).getDevicePluginOptions({})).toMatchObject({
      preStartRequired: false,
    })
  })

  it('goes on with the connection that kubelet has when both sockets are removed, until kubelet restarts', async () => {
    using place = twoDirectories()
    await using _plugin = runPlugin(place)
    {
      await using kubelet = await fakeKubelet(place.kubeletDir)
      await registered(kubelet, 1)
      await kubelet.devices()
      for (const name of readdirSync(place.kubeletDir)) rmSync(join(place.kubeletDir, name))
      const plugin = await kubelet.plugin()
      const { containerResponses } = await plugin.allocate({ containerRequests: [{ devicesIds: ['nsm-1'] }] })
      expect(containerResponses).toHaveLength(1)
    }
    await using kubelet = await fakeKubelet(place.kubeletDir)
    await registered(kubelet, 1)
  })

  it('takes the place of a plugin that was killed, whose socket lies there', async () => {
    using place = twoDirectories()
    await using kubelet = await fakeKubelet(place.kubeletDir)
    {
      await using _first = runPlugin(place)
      await registered(kubelet, 1)
    }
    await using _second = runPlugin(place)
    await registered(kubelet, 2)
  })

  it('ends with an error when the directory is removed, since only a new mount shows the new one', async () => {
    using place = twoDirectories()
    await using plugin = runPlugin(place)
    await vi.waitFor(() => expect(existsSync(place.kubeletDir)).toBe(true))
    rmSync(place.kubeletDir, { recursive: true })
    await expect(plugin.ended).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringContaining(place.kubeletDir),
    })
  })

  it('says that the directory is not mounted', async () => {
    using place = twoDirectories()
    await using plugin = runPlugin(place, { NSM_KUBELET_PLUGINS: '/nowhere' })
    await expect(plugin.ended).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: expect.stringMatching(/\/nowhere.*mounted/),
    })
  })

  it('has every device in its first list that kubelet has given away', async () => {
    using place = twoDirectories()
    mkdirSync(join(place.baseDir, 'nsm-77-0123456789ab'))
    writeCheckpoint(place.kubeletDir, [{ podUid: 'u', devices: ['nsm-500', 'nsm-2'], hostPath: '' }])
    await using kubelet = await fakeKubelet(place.kubeletDir)
    await using _plugin = runPlugin(place)
    await registered(kubelet, 1)
    expect(await kubelet.devices()).toEqual(expect.arrayContaining(['nsm-1', 'nsm-8', 'nsm-77', 'nsm-500']))
  })
})
