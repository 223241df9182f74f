import { setting } from '#runtime/config.ts'
import { flag, integer, oneOf, text } from '#runtime/parse.ts'
import { parseLabels } from '#sdk/workspace/parse-labels.ts'
import { isAssignable, isLinkLocal, parseIp } from './cidr.ts'
import type { MetricsAddress } from './metrics-server.ts'
import { defaultProbing, mostLoss, probeInterval } from './probing.ts'
import { defaultVxlanPort } from './tunnel.ts'

/** What the forwarder reads from its environment; the README has the same table. */
export const config = {
  name: setting({
    env: 'FORWARDER_NAME',
    parse: fileName,
    default: 'kernel-forwarder',
    doc: 'Name under which the forwarder registers; unique on the node.',
  }),
  baseDirectory: setting({
    env: 'NSM_BASEDIR',
    parse: text,
    default: '/var/lib/networkservicemesh',
    doc: 'Directory of the sockets that manager and forwarder share.',
  }),
  socket: setting({
    env: 'FORWARDER_SOCKET',
    parse: text,
    default: '',
    doc: 'Path of the socket that is served; empty means NSM_BASEDIR/nsm-FORWARDER_NAME.forwarder.sock.',
  }),
  registrarSocket: setting({
    env: 'FORWARDER_REGISTRAR_SOCKET',
    parse: text,
    default: '',
    doc: 'Path of the manager’s registrar socket; empty means NSM_BASEDIR/nsm.forwarder-registrar.io.sock.',
  }),
  tunnelIp: setting({
    env: 'NSM_TUNNEL_IP',
    also: ['NSM_FORWARDER_SRC_IP'],
    parse: ipAddress,
    default: '',
    doc: 'Address of this node that tunnels of other nodes lead to; empty means that of the default route.',
  }),
  vxlanPort: setting({
    env: 'NSM_VXLAN_PORT',
    parse: integer({ min: 1, max: 65_535 }),
    default: defaultVxlanPort,
    doc: 'UDP port of VXLAN, the same on all nodes; 4789 and 8472 belong to CNIs.',
  }),
  livenessCheck: setting({
    env: 'NSM_LIVENESS_CHECK',
    parse: oneOf('nobody', 'asked', 'all'),
    default: defaultProbing.whose,
    doc: 'Whose data paths are probed: nobody’s, those of connections that ask for it, or all.',
  }),
  livenessInterval: setting({
    env: 'NSM_LIVENESS_CHECK_INTERVAL',
    parse: probeInterval,
    default: defaultProbing.intervalMs,
    doc: 'Time between two probes of a data path, 100ms to 1h, where the connection does not say.',
  }),
  livenessLoss: setting({
    env: 'NSM_LIVENESS_CHECK_LOSS',
    parse: integer({ min: 1, max: mostLoss }),
    default: defaultProbing.loss,
    doc: 'Probes in a row without an answer after which a data path is down, where the connection does not say.',
  }),
  labels: setting({
    env: 'FORWARDER_LABELS',
    also: ['NSM_LABELS'],
    parse: parseLabels,
    default: {},
    doc: 'Labels that a match of a network service selects this forwarder by: key=value,key=value (or key:value).',
  }),
  metricsAddress: setting<MetricsAddress | undefined>({
    env: 'NSM_METRICS_ADDRESS',
    parse: metricsAddress,
    default: undefined,
    doc: 'host:port at which metrics are served for Prometheus, under /metrics; empty serves none.',
  }),
  proc: setting({
    env: 'NSM_PROC',
    parse: text,
    default: '/proc',
    doc: 'Where a writable procfs is mounted, for sysctls; in an ordinary pod /proc is read-only, so mount the host’s.',
  }),
  leave: setting({
    env: 'NSM_LEAVE_NODE',
    parse: flag,
    default: false,
    doc: 'Serve nobody: remove all links and all that is in NSM_BASEDIR, then only answer /healthz; for the end of a mesh.',
  }),
}

function ipAddress(value: string): string {
  const ip = parseIp(value)
  if (ip !== undefined && isAssignable(ip) && !isLinkLocal(ip)) return ip.text
  throw new Error('expected a unicast address like 192.0.2.1')
}

/** `127.0.0.1:9090`, `[::1]:9090`; the host must be said, because anybody who reaches it may read. */
function metricsAddress(value: string): MetricsAddress | undefined {
  if (value.trim() === '') return undefined
  const [, bracketed, plain, port] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(value.trim()) ?? []
  const host = bracketed ?? plain
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) }
  throw new Error('expected host:port like 127.0.0.1:9090')
}

/** The name is a part of the socket's. */
function fileName(value: string): string {
  if (/^[A-Za-z0-9][-A-Za-z0-9._]{0,62}$/.test(value)) return value
  throw new Error('expected at most 63 letters, digits, "-", "_" and ".", beginning with a letter or digit')
}
