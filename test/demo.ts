import { spawnSync } from 'node:child_process'
import { type ConnectionRow, host } from './local/nsm.ts'

/**
 * `npm run demo`: three examples through the real programs over real kernel interfaces, told step by step.
 * Every line that begins with `$` is a command that a reader can type.
 */
const mesh = 'nsm-demo'

const story: readonly Scene[] = [
  {
    title: '1. vpn-gateway: one annotation line gives the client an interface into a network service',
    commands: [
      'grep -A1 annotations: manifests/examples/vpn-gateway/3-client.yaml',
      'nsm up -f manifests/examples/vpn-gateway',
      'nsm ps',
      'nsm connections',
      'nsm exec CLIENT -- ip -brief address',
      'nsm exec CLIENT -- ip route',
      'nsm exec CLIENT -- curl --silent --show-error --max-time 5 http://10.100.0.10:8080',
      'nsm describe CLIENT',
      'nsm down',
    ],
    pod: 'client',
  },
  {
    title: '2. icmp-responder: four clients, two endpoints, round robin',
    commands: [
      'nsm up -f manifests/examples/icmp-responder',
      'nsm connections',
      'nsm exec CLIENT -- ping -c 2 -i 0.2 ADDRESS',
      'nsm down',
    ],
    pod: 'simple-client',
  },
  {
    title: '3. no-endpoint: the client waits and says for what; an endpoint un-blocks it without a restart',
    commands: [
      'nsm up -f manifests/examples/no-endpoint --wait 0',
      'nsm ps',
      'nsm apply -f manifests/examples/no-endpoint -f manifests/examples/no-endpoint/later',
      'nsm ps',
      'nsm connections',
      'nsm down',
    ],
    pod: 'client',
  },
]

interface Scene {
  readonly title: string
  readonly commands: readonly string[]
  /** The pod that CLIENT stands for: the first whose name begins so. */
  readonly pod: string
}

try {
  for (const scene of story) {
    process.stdout.write(`\n== ${scene.title}\n`)
    for (const command of scene.commands) show(filledIn(command, scene.pod))
  }
  process.stdout.write('\nDemo finished; nothing of it is left on this machine.\n')
} finally {
  shell('nsm down', 'pipe')
}

function show(command: string): void {
  process.stdout.write(`\n$ ${command}\n`)
  const status = shell(command, 'inherit').status
  if (status === 0) return
  process.stdout.write(`\nThe demo stops here: the command ended with ${status}.\n`)
  shell('nsm down', 'pipe')
  process.exit(1)
}

/** CLIENT is the first pod of that name, ADDRESS is where its endpoint is. */
function filledIn(command: string, start: string): string {
  if (!command.includes('CLIENT')) return command
  const { pods } = reply('nsm ps --json') as { readonly pods: readonly { readonly name: string }[] }
  const client = pods.find(pod => pod.name.startsWith(start))?.name ?? start
  return command.replace('CLIENT', client).replace('ADDRESS', () => endpointAddress(client))
}

function endpointAddress(client: string): string {
  const { connections } = reply('nsm connections --json') as {
    readonly connections: readonly ConnectionRow[]
  }
  return host(connections.find(row => row.client.name === client)?.connection.context.ipContext.dstIpAddrs[0])
}

function reply(command: string): unknown {
  return JSON.parse(shell(command, 'pipe').stdout)
}

function shell(command: string, output: 'inherit' | 'pipe') {
  return spawnSync('sh', ['-c', command], {
    stdio: ['ignore', output, output === 'pipe' ? 'pipe' : 'inherit'],
    encoding: 'utf8',
    env: { ...process.env, NSM_MESH: mesh },
  })
}
