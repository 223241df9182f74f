/**
 * A forwarder of a third party: joins pods to a bridge on the node, the external network `lan` of the network service
 * `office`. All that it has to remember stands in the kernel, as alias of the node's end of each link, so it may be
 * killed at any time. The `ip` commands run one after another, while all else waits: no two requests meet.
 */
import { spawn, spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { EventEmitter, on } from 'node:events'
import { createInterface } from 'node:readline'
import { create } from '@bufbuild/protobuf'
import { toNsmError } from '#kernel/errors.ts'
import { nodeNetns } from '#kernel/netns.ts'
import { openNetns } from '#kernel/resolve.ts'
import * as nsm from '#sdk/index.ts'

const base = process.env['NSM_BASEDIR'] ?? '/var/lib/networkservicemesh'
const forwarderSocket = `${base}/nsm-lan.forwarder.sock`
const { State, CrossConnectEventType: Type, NsmError } = nsm

/** A pod on the bridge: the cookie of its namespace, its interface and address there, and whether that works. */
type Port = { id: string; cookie: string; name: string; address: string; state: nsm.State }
const ports = new Map<string, Port>()
const news = new EventEmitter().setMaxListeners(0)

/** Runs `ip` on the node, or in the namespace of a file. */
function ip(command: string, file = ''): string {
  const there = file === '' ? [] : ['nsenter', `--net=${file}`]
  const [program = '', ...args] = [...there, 'ip', ...command.split(' ')]
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new NsmError('KERNEL', `ip ${command}: ${stderr.trim()}`)
  return stdout
}
const exists = (name: string, file = ''): boolean => RegExp(`: ${name}[@:]`).test(ip('-o link', file))

/** The node's end of a link. */
const portOf = (id: string): string => `lan${hash('sha256', id).slice(0, 10)}`

/** The pod's end goes with it. Both may be gone already, with their pod. */
function unplug(port: string): void {
  const { status } = spawnSync('ip', ['link', 'del', port])
  if (status !== 0 && exists(port)) throw new NsmError('KERNEL', `the link ${port} cannot be removed`)
}

async function request(asked: nsm.CrossConnect): Promise<nsm.CrossConnect> {
  const { id, payload, source, destination } = asked
  const { name = '', ...parameters } = source?.mechanism?.parameters ?? {}
  const netns = nsm.netnsRefOf(parameters)
  const isSane = /^[-\w]{1,64}$/.test(id) && /^[-\w]{1,15}$/.test(name) && /^(IP|ETHERNET)$/.test(payload)
  const isLan = destination?.mechanism?.parameters['network'] === 'lan'
  const isPod = netns !== undefined && netns.cookie !== nodeNetns().cookie
  if (!isSane || !isLan || source?.mechanism?.type !== 'KERNEL' || !isPod)
    throw new NsmError('BAD_INPUT', `joining ${JSON.stringify(id)}: expected a KERNEL interface and lan`)
  // By its cookie, because pids and inodes are reused. Throws when the pod is gone.
  using pod = openNetns(netns)
  const [file, cookie, port] = [`/proc/${process.pid}/fd/${pod.fd}`, `${netns.cookie}`, portOf(id)]
  const had = ports.get(id)
  const isPlugged = had?.cookie === cookie && had.name === name && exists(port)
  if (exists(name, file) && !isPlugged)
    throw new NsmError('INTERFACE_EXISTS', `joining ${id}: its pod has an interface ${name} already`)
  const address = had?.address ?? freeAddress(source.context?.ipContext?.srcIpAddrs[0])
  if (!exists(name, file)) {
    unplug(port)
    ip(`link add ${port} type veth peer name ${name} netns ${file}`)
    ip(`address add ${address} dev ${name}`, file)
    ip(`link set ${port} alias lan,${id},${cookie},${name},${address} master lan0 up`)
  }
  ip(`link set ${name} up`, file)
  keep({ id, cookie, name, address, state: State.UP })
  const context = create(nsm.ConnectionContextSchema, { ipContext: { srcIpAddrs: [address] } })
  return { ...asked, source: { ...source, context } }
}

/** The address that the pod had in another life, if nobody has it now, else the first that is free. */
function freeAddress(had = ''): string {
  const taken = new Set([...ports.values()].map(({ address }) => address))
  const all = Array.from({ length: 253 }, (_, index) => `10.77.0.${index + 2}/24`)
  const found = [had, ...all].find(address => all.includes(address) && !taken.has(address))
  if (found === undefined) throw new NsmError('POOL_EXHAUSTED', 'no address is left in 10.77.0.0/24')
  return found
}

function keep(port: Port): void {
  ports.set(port.id, port)
  news.emit('event', eventOf(Type.UPDATE, [port]))
}

function forget(port: Port): void {
  ports.delete(port.id)
  news.emit('event', eventOf(Type.DELETE, [port]))
}

/** What watchers are told. Both ends down: nothing passes, and the manager asks again to have it mended. */
function eventOf(type: nsm.CrossConnectEventType, told: Iterable<Port>) {
  const crossConnectOf = ({ id, cookie, name, address, state }: Port) => {
    const mechanism = { cls: 'LOCAL', type: 'KERNEL', parameters: { name, netnsCookie: cookie } }
    const source = { mechanism, context: { ipContext: { srcIpAddrs: [address] } }, state }
    const lan = { cls: 'LOCAL', type: 'EXTERNAL', parameters: { network: 'lan' } }
    return [id, { id, payload: 'IP', source, destination: { mechanism: lan, state } }] as const
  }
  return { type, crossConnects: Object.fromEntries(Array.from(told, crossConnectOf)) }
}

/** The node's end of a link vanishes with the pod's: somebody has deleted that, or the pod has died. */
function vanished(port: Port): void {
  if (exists(portOf(port.id))) return
  try {
    openNetns({ cookie: BigInt(port.cookie) })[Symbol.dispose]()
    keep({ ...port, state: State.DOWN })
  } catch {
    forget(port)
  }
}

if (!exists('lan0')) ip('link add lan0 type bridge')
ip('address replace 10.77.0.1/24 dev lan0')
ip('link set lan0 up')
const changes = spawn('setpriv', '--pdeathsig KILL ip -o monitor link'.split(' '))
changes.on('exit', () => process.exit(1))
createInterface(changes.stdout).on('line', line => {
  for (const port of ports.values()) if (line.includes(portOf(port.id))) vanished(port)
})
for (const line of ip('-o link show type veth').split('\n')) {
  const [, port, id = '', cookie = '', name = '', address = ''] =
    /^\d+: (lan\w{10})@.*?(?:alias lan,(.*),(.*),(.*),(.*))?$/.exec(line) ?? []
  if (id !== '') ports.set(id, { id, cookie, name, address, state: State.UP })
  else if (port !== undefined) unplug(port) // an earlier life died before it was finished
}

const forwarder = nsm.implement(nsm.Forwarder, {
  request: asked => request(asked).catch((cause: unknown) => Promise.reject(toNsmError(cause))),
  async close({ id }) {
    const port = ports.get(id)
    unplug(portOf(id))
    if (port !== undefined) forget(port)
    return {}
  },
})
const monitor = nsm.implement(nsm.MonitorCrossConnect, {
  async *monitorCrossConnects(_, { signal }) {
    const events = on(news, 'event', { signal })
    yield eventOf(Type.INITIAL_STATE_TRANSFER, ports.values())
    for await (const [event] of events) yield event
  },
})
const [address, services] = [`unix://${forwarderSocket}` as const, [forwarder, monitor]]
await nsm.serve({ address, peerOf: () => undefined, services })
const externalNetworks = [{ name: 'lan', networkServiceNames: ['office'] }]
const registered = { forwarderName: 'lan', forwarderSocket, mechanisms: {}, externalNetworks }
const registrar = `unix://${base}/nsm.forwarder-registrar.io.sock` as const
await nsm.keepRegistered({ registrar, request: registered }, new AbortController().signal, nsm.silent)
