import { hostname } from 'node:os'
import { setting } from '#runtime/config.ts'
import { text } from '#runtime/parse.ts'

/** What the capture helper reads from its environment; the README has the same table. */
export const config = {
  node: setting({
    env: 'NODE_NAME',
    parse: text,
    default: hostname(),
    doc: 'Name of the node, told with each packet.',
  }),
  baseDirectory: setting({
    env: 'NSM_BASEDIR',
    parse: text,
    default: '/var/lib/networkservicemesh',
    doc: 'Directory in which it serves its socket, nsm.capture.io.sock.',
  }),
}
