import { expect, test } from 'vitest'
import { attribute, nested } from '#kernel/codec/attribute.ts'
import { flag } from '#kernel/codec/message.ts'
import { text, u8, u16be, u32, zeroed } from '#kernel/codec/value.ts'
import { netlinkKernel } from '#kernel/netlink.ts'
import { createNetns, inNetns } from '#kernel/netns.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import { openSocketIn } from '#kernel/socket.ts'
import { foreignTunnels } from './foreign-tunnels.ts'

/** RTM_NEWLINK as network plug-ins send it: by its port, and more of IFLA_VXLAN_* (linux/if_link.h). */
function device(name: string, port: number, ...more: readonly Buffer[]): Buffer {
  const data = nested(2, Buffer.concat([attribute(15, u16be(port)), ...more]))
  return Buffer.concat([
    zeroed(16),
    attribute(3, text(name)),
    nested(18, Buffer.concat([attribute(1, text('vxlan')), data])),
  ])
}

test('foreignTunnels() tells of the VXLAN devices of the node that others have made, and not of ours', () => {
  using folder = temporaryFolder()
  using node = createNetns(`${folder.path}/node`)
  {
    using socket = openSocketIn(node)
    // As flannel makes it, with an identifier and no remote; as Cilium does, with metadata for each packet.
    for (const body of [
      device('flannel.1', 8472, attribute(1, u32(1))),
      device('cilium_vxlan', 14_789, attribute(25, u8(1))),
    ])
      socket.change({ name: 'RTM_NEWLINK', flags: flag.create, body, doing: 'making a VXLAN device' })
  }
  inNetns(node, () => {
    using kernel = netlinkKernel({ proc: '/proc' })
    using own = kernel.openOwn()
    const tunnel = { vni: 7, local: '192.0.2.1', remote: '192.0.2.2', port: 14_790 }
    own.link.createVxlan({ name: 'nsm0', namespace: own }, tunnel)
    expect(own.link.get('nsm0')).toMatchObject({ tunnel, vxlanPort: 14_790 })
    expect(foreignTunnels(kernel)).toEqual([
      { interface: 'flannel.1', udpPort: 8472 },
      { interface: 'cilium_vxlan', udpPort: 14_789 },
    ])
  })
})
