import { hostname } from 'node:os'
import { create } from '@bufbuild/protobuf'
import type { Config } from '#runtime/config.ts'
import type { EthernetOffer } from '#sdk/elements/ethernet.ts'
import type { Log } from '#sdk/log.ts'
import { dial } from '#sdk/rpc/dial.ts'
import {
  type NetworkServiceEndpoint,
  NetworkServiceEndpointRegistry,
  NetworkServiceEndpointSchema,
  NetworkServiceRegistry,
} from '#sdk/wire/gen/registry/registry_pb.ts'
import { socketAddress } from '#sdk/workspace/socket-address.ts'
import { endpointChain } from './chain.ts'
import type { config } from './config.ts'
import { policyFile } from './policy-file.ts'
import { keepRegistered } from './register.ts'
import { serveEndpoint } from './serve-endpoint.ts'

/** Serves the endpoint, registers it, and takes the registration back when it is stopped. */
export async function run(settings: Config<typeof config>, signal: AbortSignal, log: Log): Promise<void> {
  const { services, workspace, payload } = settings
  const podName = settings.podName === '' ? hostname() : settings.podName
  const address = socketAddress('client', { socket: settings.clientSocket, workspace })
  const managerAddress = socketAddress('server', { socket: settings.serverSocket, workspace })
  const labels = { podName, namespace: settings.namespace }
  const policies = await policyFile(settings.policyPath, log)
  const endpoint = endpointChain({ ...settings, labels, policies, link: linkOf(settings) })
  await using _server = await serveEndpoint(endpoint, address, log)
  await using channel = dial(managerAddress)
  await keepRegistered(registrationOf(settings, podName, address), {
    endpoints: channel.client(NetworkServiceEndpointRegistry),
    serviceRegistry: channel.client(NetworkServiceRegistry),
    services: settings.registerService ? services.map(name => ({ name, payload })) : [],
    onNameTaken: settings.name === '' ? 'generate' : 'fail',
    signal,
    log,
  })
}

/** What is 0 or empty is left to the kernel. */
function linkOf({ mtu, clientMac, endpointMac }: Config<typeof config>): EthernetOffer {
  return {
    ...(mtu === 0 ? {} : { mtu }),
    ...(clientMac === '' ? {} : { srcMac: clientMac }),
    ...(endpointMac === '' ? {} : { dstMac: endpointMac }),
  }
}

function registrationOf(
  { services, labels, name }: Config<typeof config>,
  podName: string,
  url: string,
): NetworkServiceEndpoint {
  return create(NetworkServiceEndpointSchema, {
    name: name === '' ? `${services[0]}-${podName}` : name,
    networkServiceNames: [...services],
    networkServiceLabels: Object.fromEntries(services.map(service => [service, { labels }])),
    url,
  })
}
