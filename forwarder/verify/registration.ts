import { isAbsolute } from 'node:path'
import { type Check } from './check.ts'
import { expectSame, Finding } from './finding.ts'

/** How a forwarder announces itself, seen from a registrar in the place of a manager's. */
export const registration: readonly Check[] = [
  {
    name: 'Registration names the forwarder, its socket and what it offers',
    needs: ['registrar'],
    async run({ ground }) {
      const said = ground.registrar?.registration
      if (said === undefined || said.forwarderName === '') throw new Finding('forwarder_name is empty')
      if (!isAbsolute(said.forwarderSocket))
        throw new Finding(`forwarder_socket is ${JSON.stringify(said.forwarderSocket)}, no absolute path`)
      expectSame('external networks without a network service', namesOfIdle(said.externalNetworks), [])
    },
  },
  {
    name: 'Registration is repeated when the manager has restarted',
    needs: ['registrar'],
    async run({ ground }) {
      await ground.registrar?.restart()
    },
  },
  {
    name: 'Registration ends with the forwarder, and is repeated by its next life',
    needs: ['registrar', 'restart'],
    async run({ ground }) {
      const again = ground.registrar?.nextRegistration()
      await ground.restart?.()
      await ground.registrar?.nextLoss()
      await again
    },
  },
]

function namesOfIdle(
  networks: readonly { readonly name: string; readonly networkServiceNames: readonly string[] }[],
): readonly string[] {
  return networks
    .filter(({ networkServiceNames }) => networkServiceNames.length === 0)
    .map(({ name }) => name)
}
