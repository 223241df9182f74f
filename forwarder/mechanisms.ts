import { create } from '@bufbuild/protobuf'
import { type MechanismUpdate, MechanismUpdateSchema } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import { mechanismClass, mechanismType } from '#sdk/wire/mechanism.ts'

/** What this forwarder offers: kernel interfaces on this node, by v1's name and by v0.2's. */
export const mechanisms: MechanismUpdate = create(MechanismUpdateSchema, {
  localMechanisms: [
    { cls: mechanismClass.local, type: mechanismType.kernel },
    { cls: mechanismClass.local, type: mechanismType.kernelV0 },
  ],
})
