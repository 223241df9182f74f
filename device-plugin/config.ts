import { setting } from '#runtime/config.ts'
import { duration, integer, text } from '#runtime/parse.ts'
import { probeAddress } from './probe-address.ts'

/** What the device plugin reads from its environment; the README has the same table. */
export const config = {
  baseDir: setting({
    env: 'NSM_BASEDIR',
    parse: text,
    default: '/var/lib/networkservicemesh',
    doc: 'Absolute directory of the workspaces; the same path on the node and in this container.',
  }),
  kubeletDir: setting({
    env: 'NSM_KUBELET_PLUGINS',
    parse: text,
    default: '/var/lib/kubelet/device-plugins',
    doc: "Kubelet's directory of device plugins.",
  }),
  devices: setting({
    env: 'NSM_DEVICES',
    parse: integer({ min: 1, max: 100_000 }),
    default: 440,
    doc: 'How many devices are announced at start: four for each of the 110 pods that kubelet allows; more follow when they run short.',
  }),
  grace: setting({
    env: 'NSM_WORKSPACE_GRACE',
    parse: duration,
    default: 120_000,
    doc: 'How old a workspace is before it is removed because kubelet gave it to no pod.',
  }),
  probe: setting({
    env: 'NSM_PROBE_ADDRESS',
    parse: probeAddress,
    default: undefined,
    doc: "Where kubelet's gRPC probes are answered: host:port or :port; empty answers none.",
  }),
}
