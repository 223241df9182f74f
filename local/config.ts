import { setting } from '#runtime/config.ts'
import { duration, integer, oneOf, text } from '#runtime/parse.ts'
import { parsePrefixes } from '#sdk/workspace/parse-prefixes.ts'

/** What the supervisor reads from its environment; `launch.ts` writes it, the README has the same table. */
export const config = {
  name: setting({ env: 'NSM_MESH_NAME', parse: text, default: 'nsm', doc: 'Name of the mesh.' }),
  nodes: setting({
    env: 'NSM_MESH_NODES',
    parse: integer({ min: 1, max: 64 }),
    default: 1,
    doc: 'Number of nodes, each a network namespace with a manager and a forwarder.',
  }),
  underlay: setting<'ipv4' | 'ipv6'>({
    env: 'NSM_MESH_UNDERLAY',
    parse: oneOf('ipv4', 'ipv6'),
    default: 'ipv4',
    doc: 'Addresses by which several nodes reach each other: ipv4 or ipv6.',
  }),
  underlayMtu: setting({
    env: 'NSM_MESH_UNDERLAY_MTU',
    parse: integer({ min: 1280, max: 65_535 }),
    default: 1500,
    doc: 'MTU of the network between the nodes, in bytes.',
  }),
  excludedPrefixes: setting({
    env: 'NSM_MESH_EXCLUDED_PREFIXES',
    parse: parsePrefixes,
    default: [],
    doc: 'CIDRs that no connection may use, separated by commas.',
  }),
  capture: setting<'on' | 'off'>({
    env: 'NSM_MESH_CAPTURE',
    parse: oneOf('on', 'off'),
    default: 'off',
    doc: 'Whether a helper on each node may read packets of pods, for nsm trace: on or off.',
  }),
  grace: setting({
    env: 'NSM_MESH_GRACE',
    parse: duration,
    default: 2000,
    doc: 'Time between SIGTERM and SIGKILL for pods that do not set terminationGracePeriodSeconds.',
  }),
}
