import { NsmError } from '#sdk/errors.ts'
import { parseServiceRefs, printServiceRefs, type ServiceRef } from '#sdk/service-ref.ts'
import type { ClientConfig } from './config.ts'

/**
 * The services that the environment asks for: the list in the annotation's grammar, or else the one service of
 * CLIENT_NETWORK_SERVICE (NSM v0.2). Fails with BAD_ANNOTATION, or with BAD_CONFIG when nothing is asked for.
 */
export function entriesOf(config: ClientConfig): readonly ServiceRef[] {
  if (config.services !== '') return parseServiceRefs(config.services, { source: 'NS_NETWORKSERVICEMESH_IO' })
  if (config.service !== '') return parseServiceRefs(oneEntry(config), { source: 'CLIENT_NETWORK_SERVICE' })
  throw new NsmError(
    'BAD_CONFIG',
    'nothing to connect to: set NS_NETWORKSERVICEMESH_IO (service[/interface][?label=value&…], …) or CLIENT_NETWORK_SERVICE',
  )
}

/** The one service written in the list's grammar, so that one parser judges both. */
function oneEntry({ service, labels, interfaceName }: ClientConfig): string {
  return printServiceRefs([
    { service, labels, mechanism: 'kernel', ...(interfaceName === '' ? {} : { interface: interfaceName }) },
  ])
}
