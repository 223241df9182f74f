import { service } from '#sdk/chain/chain.ts'
import type { Service } from '#sdk/chain/step.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { NetworkServiceRequest } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { connectionOf } from './endpoint-step.ts'

/** The end of an endpoint's chain: what the steps made of the connection is the answer. */
export const answer: Service<NetworkServiceRequest, Connection> = service({
  request: request => Promise.resolve(connectionOf(request)),
})
