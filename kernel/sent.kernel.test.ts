import { expect, test } from 'vitest'
import { netlinkKernel } from './netlink.ts'
import { createNetns } from './netns.ts'
import { temporaryFolder } from './scratch.ts'

test('netlinkKernel() tells of each request before the kernel gets it, wherever the socket was opened', async () => {
  using folder = temporaryFolder()
  using pod = createNetns(`${folder.path}/pod`)
  const requests: string[] = []
  using kernel = netlinkKernel({ sent: name => void requests.push(name) })
  using namespace = kernel.open(pod)
  kernel.follow(namespace)
  namespace.link.get('lo')
  await namespace.link.remove(999)
  expect(requests).toEqual(['RTM_NEWNSID', 'RTM_GETLINK', 'RTM_DELLINK'])
})
