import { setting } from '#runtime/config.ts'
import { text } from '#runtime/parse.ts'

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
  proc: setting({
    env: 'NSM_PROC',
    parse: text,
    default: '/proc',
    doc: 'Where a writable procfs is mounted, for sysctls; in an ordinary pod /proc is read-only, so mount the host’s.',
  }),
}

/** The name is a part of the socket's. */
function fileName(value: string): string {
  if (/^[A-Za-z0-9][-A-Za-z0-9._]{0,62}$/.test(value)) return value
  throw new Error('expected at most 63 letters, digits, "-", "_" and ".", beginning with a letter or digit')
}
