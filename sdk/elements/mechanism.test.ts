import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { MechanismSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { requestOf, run } from './fixture.ts'
import { generatedInterfaceName, kernelMechanism } from './mechanism.ts'

function offering(...types: readonly string[]) {
  return { ...requestOf(), mechanismPreferences: types.map(type => create(MechanismSchema, { type })) }
}

describe('mechanism', () => {
  it.each([
    { story: 'KERNEL', types: ['KERNEL'] },
    { story: 'what v0.2 calls it', types: ['KERNEL_INTERFACE'] },
    { story: 'KERNEL among others', types: ['MEMIF', 'KERNEL'] },
    { story: 'nothing', types: [] },
  ])('kernelMechanism() attaches by a kernel interface when offered $story', async ({ types }) => {
    const { mechanism } = await run(
      kernelMechanism(() => 'eth21'),
      offering(...types),
    )
    expect(mechanism).toMatchObject({ cls: 'LOCAL', type: 'KERNEL', parameters: { name: 'eth21' } })
  })

  it('kernelMechanism() refuses when KERNEL is not among what is offered', async () => {
    await expect(run(kernelMechanism(), offering('MEMIF', 'VFIO'))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('MEMIF, VFIO'),
    })
  })

  it('generatedInterfaceName() depends on the id alone and fits into an interface name', async () => {
    const first = generatedInterfaceName(await run(kernelMechanism(), requestOf({ labels: { a: 'b' } })))
    expect(first).toBe(generatedInterfaceName(await run(kernelMechanism())))
    expect(first).not.toBe(generatedInterfaceName(await run(kernelMechanism(), requestOf({ id: 'c2' }))))
    expect(first).toMatch(/^nsm[0-9a-f]{10}$/)
  })
})
