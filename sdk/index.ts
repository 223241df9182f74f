/** Everything that an author of endpoints or forwarders may import; what is not listed here may change without notice. */

// Words and errors.

export { type ErrorCode, type ErrorKind, errorKinds, NsmError } from './errors.ts'
export { type Log, silent } from './log.ts'
export { parseAnnotations, parseServiceRefs, printServiceRefs, type ServiceRef } from './service-ref.ts'

// An endpoint is a chain of steps behind `begin`.

export { type BeginOptions, begin, type Endpoint } from './chain/begin.ts'
export { chain, service, traced } from './chain/chain.ts'
export type { Owned, Savepoint, Scope } from './chain/scope.ts'
export type { Call, Element, Handler, Service, Step } from './chain/step.ts'

// Steps to build it of, `answer` being its end.

export { answer } from './elements/answer.ts'
export { dns } from './elements/dns.ts'
export { type EthernetOffer, ethernet } from './elements/ethernet.ts'
export { type IpamOptions, ipam } from './elements/ipam.ts'
export { labels } from './elements/labels.ts'
export { maxConnections } from './elements/max-connections.ts'
export { generatedInterfaceName, kernelMechanism } from './elements/mechanism.ts'
export { type Monitor, newMonitor } from './elements/monitor.ts'
export { policies } from './elements/policies.ts'
export { type RouteOffer, routes } from './elements/routes.ts'
export { validate } from './elements/validate.ts'

// For steps of one's own.

export {
  connectionOf,
  type EndpointStep,
  idOf,
  ipContextOf,
  withConnection,
  withContext,
  withIpContext,
} from './elements/endpoint-step.ts'
export { type Allocation, type Allocator, type AllocatorOptions, newAllocator } from './ipam/allocator.ts'
export type { PairForm } from './ipam/pair.ts'
export { mechanismClass, mechanismType, type NetnsRef, netnsRefOf, parameter } from './wire/mechanism.ts'

// To be served and registered.

export { keepRegistered, type Registration } from './forwarder/keep-registered.ts'
export { type Channel, dial } from './rpc/dial.ts'
export { implement, type Served } from './rpc/implement.ts'
export { type ServeOptions, type Server, serve } from './rpc/serve.ts'
export type { Address, CallOptions, Client, Handlers, RpcContext } from './rpc/types.ts'
export { socketAddress } from './workspace/socket-address.ts'

// Messages and services.

export {
  type Connection,
  ConnectionSchema,
  type Mechanism,
  MechanismSchema,
  MonitorConnection,
  State,
} from './wire/gen/connection/connection_pb.ts'
export {
  type ConnectionContext,
  ConnectionContextSchema,
  type IPContext,
  IPContextSchema,
  type Route,
  RouteSchema,
} from './wire/gen/connectioncontext/connectioncontext_pb.ts'
export {
  type CrossConnect,
  type CrossConnectEvent,
  CrossConnectEventType,
  CrossConnectSchema,
  MonitorCrossConnect,
} from './wire/gen/crossconnect/crossconnect_pb.ts'
export { Forwarder, MechanismsMonitor } from './wire/gen/forwarder/forwarder_pb.ts'
export { ForwarderRegistration } from './wire/gen/forwarderregistrar/forwarderregistrar_pb.ts'
export {
  NetworkService,
  type NetworkServiceRequest,
  NetworkServiceRequestSchema,
} from './wire/gen/networkservice/networkservice_pb.ts'
export {
  type NetworkServiceEndpoint,
  NetworkServiceEndpointRegistry,
  NetworkServiceEndpointSchema,
} from './wire/gen/registry/registry_pb.ts'
