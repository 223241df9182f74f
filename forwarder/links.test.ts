import { expect, test } from 'vitest'
import { KernelError } from '#kernel/errors.ts'
import { FakeKernel } from '#kernel/fake.ts'
import { begin } from '#sdk/chain/begin.ts'
import { CrossConnects } from './cross-connects.ts'
import { exampleCrossConnect } from './example.ts'
import { links } from './links.ts'

const { signal } = new AbortController()

test.each([
  { verb: 'link.createVeth', errno: 95, code: 'KERNEL' },
  { verb: 'addr.add', errno: 12, code: 'KERNEL' },
  { verb: 'link.createVeth', errno: 17, code: 'INTERFACE_EXISTS' },
])('links() leaves nothing and says $code when the kernel refuses $verb', async ({ verb, errno, code }) => {
  const kernel = new FakeKernel()
  const client = kernel.addNetns()
  const destination = { name: 'nse0', netns: kernel.addNetns() }
  const crossConnect = exampleCrossConnect({ source: { name: 'nsm0', netns: client }, destination })
  // A name that is taken is tried again once it is known whose it is.
  for (let times = 0; times < 2; times++)
    kernel.refuse(verb, new KernelError('doing so', { errno, syscall: 'RTM_NEWLINK', says: 'no' }))
  const endpoint = begin(links(kernel, new CrossConnects()), { idOf: ({ id }) => id })
  await expect(endpoint.request(crossConnect, signal)).rejects.toMatchObject({
    code,
    message: expect.stringContaining('doing so: "no"'),
  })
  expect(
    kernel
      .open(client)
      .link.list()
      .map(({ name }) => name),
  ).not.toContain('nsm0')
  expect(endpoint.ids()).toEqual([])
})
