import { type Config, setting } from '#runtime/config.ts'
import { duration, flag, integer, oneOf, text } from '#runtime/parse.ts'
import { parseLabels } from '#sdk/workspace/parse-labels.ts'
import { parsePrefixes } from '#sdk/workspace/parse-prefixes.ts'

/** What a client reads from its environment, whether it exits when connected or stays. */
export const clientConfig = {
  services: setting({
    env: 'NS_NETWORKSERVICEMESH_IO',
    also: ['NSM_NETWORK_SERVICES'],
    parse: text,
    default: '',
    doc: 'The services to connect to, in the grammar of the annotation: service[/interface][?label=value&…], …',
  }),
  service: setting({
    env: 'CLIENT_NETWORK_SERVICE',
    also: ['OUTGOING_NSC_NAME'],
    parse: text,
    default: '',
    doc: 'The one service to connect to, when the list is empty.',
  }),
  labels: setting({
    env: 'CLIENT_LABELS',
    also: ['OUTGOING_NSC_LABELS'],
    parse: parseLabels,
    default: {},
    doc: 'Labels for the one service: key=value,key=value.',
  }),
  interfaceName: setting({
    env: 'NSC_INTERFACE_NAME',
    parse: text,
    default: '',
    doc: 'Interface for the one service; empty means nsm0.',
  }),
  serverSocket: setting({
    env: 'NSM_SERVER_SOCKET',
    also: ['NSM_CONNECT_TO'],
    parse: text,
    default: '',
    doc: 'Socket of the manager, a path or unix://path; empty means nsm.server.io.sock in WORKSPACE.',
  }),
  workspace: setting({
    env: 'WORKSPACE',
    parse: text,
    default: '',
    doc: 'Directory that the device plugin mounted.',
  }),
  podName: setting({
    env: 'POD_NAME',
    also: ['NSM_NAME', 'HOSTNAME'],
    parse: text,
    default: '',
    doc: 'Name of the pod: begins the connection ids and becomes the label podName; empty means the host name.',
  }),
  namespace: setting({
    env: 'NSM_NAMESPACE',
    parse: text,
    default: 'default',
    doc: 'Becomes the label namespace.',
  }),
  routes: setting({
    env: 'ROUTES',
    parse: parsePrefixes,
    default: [],
    doc: 'Prefixes to reach through each service besides those that its endpoint gives: 10.0.0.0/8,fd00::/8.',
  }),
  requestTimeout: setting({
    env: 'NSM_REQUEST_TIMEOUT',
    parse: duration,
    default: 15_000,
    doc: 'How long one attempt may take, like 15s.',
  }),
  livenessCheck: setting<'on' | 'off' | ''>({
    env: 'NSM_LIVENESS_CHECK_ENABLED',
    parse: value => (flag(value) ? 'on' : 'off'),
    default: '',
    doc: 'Whether packets are tried on each connection, which heals when none passes; empty leaves it to the forwarder.',
  }),
  livenessInterval: setting({
    env: 'NSM_LIVENESS_CHECK_INTERVAL',
    parse: duration,
    default: 0,
    doc: 'Time between two of them, 100ms to 1h; set, it means that they are tried.',
  }),
  livenessLoss: setting({
    env: 'NSM_LIVENESS_CHECK_LOSS',
    parse: integer({ min: 1, max: 100 }),
    default: 0,
    doc: 'How many may go unanswered in a row; set, it means that they are tried.',
  }),
  onFailure: setting<'close-others' | 'keep-others'>({
    env: 'NSM_ON_FAILURE',
    parse: oneOf('close-others', 'keep-others'),
    default: 'close-others',
    doc: 'What becomes of the other connections when one fails for good: all or nothing, or what there is.',
  }),
}

/** The values of `clientConfig`. */
export type ClientConfig = Config<typeof clientConfig>

/** What the init client reads from its environment; the README has the same table. */
export const config = {
  ...clientConfig,
  deadline: setting({
    env: 'NSM_DEADLINE',
    parse: duration,
    default: 300_000,
    doc: 'How long to wait for all connections, like 5m, or 0 for ever.',
  }),
  terminationLog: setting({
    env: 'TERMINATION_LOG',
    parse: text,
    default: '/dev/termination-log',
    doc: 'File for the last message, if it exists; Kubernetes shows its content in the status of the pod.',
  }),
}
