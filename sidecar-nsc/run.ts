import { closeAll } from '#init-client/close-all.ts'
import { connect } from '#init-client/connect.ts'
import { connectAll } from '#init-client/connect-all.ts'
import { managerAt } from '#init-client/manager.ts'
import { planOf } from '#init-client/plan.ts'
import { resultOf, subjectOf } from '#init-client/subject.ts'
import type { Config } from '#runtime/config.ts'
import type { Log } from '#sdk/log.ts'
import { dial } from '#sdk/rpc/dial.ts'
import { MonitorConnection } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { config } from './config.ts'
import { keep } from './keep.ts'
import { serveProbe } from './probe.ts'

/** Connects to all services that the environment names, keeps the connections, and closes them when it is stopped. */
export async function run(settings: Config<typeof config>, signal: AbortSignal, log: Log): Promise<void> {
  const { requestTimeout: attemptMs, deadline: deadlineMs, onFailure } = settings
  const { requests, address } = planOf(settings)
  const manager = managerAt(address)
  await using probe = await serveProbe(settings.probePort)
  const connected = await connectAll(requests, {
    manager,
    attemptMs,
    deadlineMs,
    onFailure,
    signal,
    log,
  }).catch((thrown: unknown) => {
    if (signal.aborted) return undefined // being stopped while waiting is no failure of a side-car
    throw thrown
  })
  if (connected === undefined) return
  probe.ready()
  const byId = new Map(connected.map(request => [request.connection?.id ?? '', request]))
  await using channel = dial(address)
  try {
    await keep({
      ids: [...byId.keys()],
      monitor: channel.client(MonitorConnection),
      reconnect: async (id, until) => {
        const request = byId.get(id)
        if (request === undefined) return
        log.info({ id }, `${subjectOf(request)} is lost, connecting again`)
        const connection = await connect(request, {
          manager,
          attemptMs,
          signal: until,
          onRetry: (_, error) =>
            log.info({ id, code: error.code }, `waiting for ${subjectOf(request)}: ${error.message}`),
        })
        log.info({ id }, resultOf(request, connection))
      },
      signal,
      log,
    })
  } finally {
    const connections = connected.flatMap(request => request.connection ?? [])
    await closeAll(connections, manager, log)
    log.info({}, `closed ${connections.length} ${connections.length === 1 ? 'connection' : 'connections'}`)
  }
}
