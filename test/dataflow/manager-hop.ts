import { join } from 'node:path'
import type { Pod } from '#kube/pod.ts'
import { fakeForwarder } from '#manager/fake-forwarder.ts'
import { eventually, type TestNode, testNode } from '#manager/fixture.ts'
import { readConfig } from '#runtime/config.ts'
import { silent } from '#sdk/log.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import type { NetworkServiceRequest } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { config } from '#sidecar-nse/config.ts'
import { run } from '#sidecar-nse/run.ts'

/**
 * Sends a pod's requests through the real manager over real sockets, each to a real endpoint of its service, and
 * gives what the forwarder was asked. The cookies of namespaces count from 101: the client's, then the endpoints'.
 */
export async function crossConnectsOf(
  pod: Pod,
  requests: readonly NetworkServiceRequest[],
): Promise<readonly CrossConnect[]> {
  await using node = await testNode()
  await using forwarder = await fakeForwarder(node.baseDir)
  const client = await node.pod(pod.metadata?.name ?? '', { labels: { ...pod.metadata?.labels } })
  const stop = new AbortController()
  const services = requests.map(({ connection }) => connection?.networkService ?? '')
  const endpoints = []
  for (const [index, service] of services.entries())
    endpoints.push(
      await startEndpoint(
        node,
        { service, pool: `10.60.${index + 1}.0/24`, route: `10.${100 + index}.0.0/24` },
        stop.signal,
      ),
    )
  for (const request of requests) await client.service.request(request)
  const asked = [...forwarder.asked]
  stop.abort()
  await Promise.all(endpoints.map(({ ended }) => ended))
  return asked
}

/** The side-car in a pod of its own, as far as registered. */
async function startEndpoint(
  node: TestNode,
  offer: { readonly service: string; readonly pool: string; readonly route: string },
  signal: AbortSignal,
): Promise<{ readonly ended: Promise<void> }> {
  const pod = await node.pod(`${offer.service}-endpoint`)
  const settings = readConfig(config, {
    ENDPOINT_NETWORK_SERVICE: offer.service,
    IP_ADDRESS: offer.pool,
    ROUTES: offer.route,
    POD_NAME: pod.name,
    WORKSPACE: join(node.baseDir, pod.workspace),
  })
  const ended = run(settings, signal, silent)
  await eventually(`${pod.name} is registered`, async () => {
    const { endpoints } = await node.admin.listEndpoints({})
    return endpoints.find(({ pod: owner }) => owner?.name === pod.name)
  })
  return { ended }
}
