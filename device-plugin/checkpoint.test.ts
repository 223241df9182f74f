import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkpointFile, parseCheckpoint, readCheckpoint } from './checkpoint.ts'
import { checkpointText, twoDirectories } from './fake-kubelet.ts'

/** As kubelet 1.34 wrote it on a node, its checksum included. */
const written =
  '{"Data":{"PodDeviceEntries":[{"PodUID":"a6cf3acd-b3e0-496f-ad47-79d1698018a8","ContainerName":"init","ResourceName":"networkservicemesh.io/socket","DeviceIDs":{"-1":["nsm-333"]},"AllocResp":"CkMKEU5TTV9TRVJWRVJfU09DS0VUEi4vdmFyL2xpYi9uZXR3b3Jrc2VydmljZW1lc2gvbnNtLnNlcnZlci5pby5zb2NrCkMKEU5TTV9DTElFTlRfU09DS0VUEi4vdmFyL2xpYi9uZXR3b3Jrc2VydmljZW1lc2gvbnNtLmNsaWVudC5pby5zb2NrCikKCVdPUktTUEFDRRIcL3Zhci9saWIvbmV0d29ya3NlcnZpY2VtZXNoLwoZChFOU01fREVWSUNFX1BMVUdJThIEdHJ1ZRJQChwvdmFyL2xpYi9uZXR3b3Jrc2VydmljZW1lc2gvEjAvdmFyL2xpYi9uZXR3b3Jrc2VydmljZW1lc2gvbnNtLTMzMy03NGVmYjA4YzkxNzI="},{"PodUID":"b","ContainerName":"c","ResourceName":"example.com/gpu","DeviceIDs":{"0":["g1"]},"AllocResp":""}],"RegisteredDevices":{}},"Checksum":1594136116}'

describe('checkpoint', () => {
  it('says which pod has which workspace, of ours only', () => {
    expect(parseCheckpoint(written)).toEqual([
      {
        podUid: 'a6cf3acd-b3e0-496f-ad47-79d1698018a8',
        devices: ['nsm-333'],
        workspace: 'nsm-333-74efb08c9172',
      },
    ])
  })

  it.each([
    {
      story: 'a workspace of ours',
      hostPath: '/var/lib/x/nsm-3-0123456789ab',
      workspace: 'nsm-3-0123456789ab',
    },
    { story: 'another directory', hostPath: '/etc', workspace: undefined },
    { story: 'an escape', hostPath: '/var/lib/x/..', workspace: undefined },
    { story: 'nothing', hostPath: '', workspace: undefined },
  ])('reads a mount of $story', ({ hostPath, workspace }) => {
    const text = checkpointText([{ podUid: 'u', devices: ['nsm-3'], hostPath }])
    expect(parseCheckpoint(text)).toEqual([{ podUid: 'u', devices: ['nsm-3'], workspace }])
  })

  it('of a new kubelet has nothing', () => {
    expect(parseCheckpoint('{"Data":{"PodDeviceEntries":null,"RegisteredDevices":{}},"Checksum":1}')).toEqual(
      [],
    )
  })

  it.each(['', 'null', '[]', '{"Data":{}}', '{"Data":{"PodDeviceEntries":{}}}', written.slice(0, 99)])(
    'that cannot be read says nothing: %j',
    text => {
      using place = twoDirectories()
      writeFileSync(join(place.kubeletDir, checkpointFile), text)
      expect(readCheckpoint(place.kubeletDir)).toBeUndefined()
    },
  )

  it('that is not there says nothing', () => {
    expect(readCheckpoint('/nowhere')).toBeUndefined()
  })
})
