import { describe, expect, it } from 'vitest'
import { podUidsOf } from './cgroup.ts'

const uid = '3f2a1c9e-6b1d-4a57-9c1e-0d6f5e4b3a21'
const other = '11111111-2222-4333-8444-555555555555'
const escaped = uid.replaceAll('-', '_')
const id = 'c0ffee'.repeat(10)

describe('the pod of a process', () => {
  it.each([
    ['cgroup v1, cgroupfs, docker', `12:memory:/kubepods/burstable/pod${uid}/${id}`],
    [
      'cgroup v1, cgroupfs, guaranteed',
      `3:cpu,cpuacct:/kubepods/pod${uid}/${id}\n2:pids:/kubepods/pod${uid}/${id}`,
    ],
    [
      'cgroup v1, systemd, containerd',
      `9:devices:/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${escaped}.slice/cri-containerd-${id}.scope`,
    ],
    [
      'cgroup v1, systemd, containerd without its own driver',
      `9:devices:/system.slice/containerd.service/kubepods-besteffort-pod${escaped}.slice:cri-containerd:${id}`,
    ],
    [
      'cgroup v2, systemd, containerd',
      `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${escaped}.slice/cri-containerd-${id}.scope`,
    ],
    [
      'cgroup v2, systemd, CRI-O with a container below',
      `0::/kubepods.slice/kubepods-pod${escaped}.slice/crio-${id}.scope/container`,
    ],
    ['cgroup v2, systemd, docker', `0::/kubepods.slice/kubepods-pod${escaped}.slice/docker-${id}.scope`],
    ['cgroup v2, cgroupfs, containerd', `0::/kubepods/besteffort/pod${uid}/${id}`],
    [
      'cgroup v2, seen from a cgroup namespace of its own',
      `0::/../../../kubepods-burstable.slice/kubepods-burstable-pod${escaped}.slice/cri-containerd-${id}.scope`,
    ],
    [
      'cgroup v2, kind, systemd',
      `0::/docker/${id}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod${escaped}.slice/cri-containerd-${id}.scope`,
    ],
    ['cgroup v2, kind, cgroupfs', `0::/kubelet/kubepods/burstable/pod${uid}/${id}`],
    [
      'cgroup v1 and v2 at once',
      `4:memory:/kubepods/pod${uid}/${id}\n1:name=systemd:/kubepods/pod${uid}/${id}\n0::/system.slice/containerd.service`,
    ],
    ['a root for cgroups of its own', `5:memory:/nodes-1/kubepods/burstable/pod${uid}/${id}`],
  ])('is found in %s', (_, text) => {
    expect(podUidsOf(`${text}\n`)).toEqual([uid])
  })

  it.each([
    ['a process of the node', '0::/system.slice/sshd.service\n'],
    ['a user', '0::/user.slice/user-1000.slice/session-1.scope\n'],
    ['a docker container', `0::/docker/${id}\n`],
    ['a name that only looks alike', `0::/podium/pod-${uid}x/pod${uid}y\n`],
    ['nothing', ''],
  ])('is nobody for %s', (_, text) => {
    expect(podUidsOf(text)).toEqual([])
  })

  it('is a checksum for a static pod', () => {
    expect(podUidsOf(`0::/kubepods/burstable/pod0123456789abcdef0123456789abcdef/${id}\n`)).toEqual([
      '0123456789abcdef0123456789abcdef',
    ])
  })

  it.each([
    ['a cluster in a pod', `0::/kubepods/pod${uid}/${id}/kubelet/kubepods/pod${other}/${id}\n`, [uid, other]],
    [
      'hierarchies that differ',
      `2:cpu:/kubepods/pod${other}/a\n1:memory:/kubepods/pod${uid}/a\n`,
      [other, uid],
    ],
  ])('is all of them for %s', (_, text, uids) => {
    expect(podUidsOf(text)).toEqual(uids)
  })
})
