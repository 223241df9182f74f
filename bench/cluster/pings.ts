import type { Cluster } from '#test/cluster/cluster.ts'
import { type Pinging, startPing } from '#test/cluster/steady-ping.ts'
import type { Place } from './place.ts'

/** Pings every 10 ms through two connections, while something happens to the mesh. */
export interface Pings {
  readonly during: string
  readonly sent: number
  /** Packets that nobody answered. */
  readonly lost: number
}

interface Event {
  readonly during: string
  readonly happens: (place: Place) => Promise<void>
}

const rollout = (workload: string) => async (place: Place) => {
  await place.cluster.kubectl(`-n nsm-system rollout restart ${workload}`)
  await rolledOut(place.cluster, workload)
}

/** Waits until a workload of the mesh is rolled out. */
export async function rolledOut(
  cluster: Pick<Cluster, 'kubectl' | 'waitFor'>,
  workload: string,
): Promise<void> {
  await cluster.waitFor(
    async () =>
      (await cluster.kubectl(`-n nsm-system rollout status ${workload} --watch=false`)).includes(
        'successfully rolled out',
      ),
    { what: `${workload} is rolled out`, within: 180_000 },
  )
}

const events: readonly Event[] = [
  { during: 'rollout of forwarders', happens: rollout('daemonset/nsm-forwarder') },
  { during: 'rollout of managers and device plugins', happens: rollout('daemonset/nsm-manager') },
  { during: 'device plugins killed, until they are Ready', happens: killPlugins },
  { during: 'rollout of webhooks', happens: rollout('deployment/nsm-webhook') },
]

/** Pings from pods that are connected, through each event. */
export async function pings(place: Place, from: readonly Pinging[]): Promise<readonly Pings[]> {
  const seen: Pings[] = []
  for (const { during, happens } of events) {
    const running = await Promise.all(from.map(at => startPing(place.cluster, at)))
    await happens(place)
    const ended = await Promise.all(running.map(ping => ping.end()))
    seen.push({
      during,
      sent: ended.reduce((all, { sent }) => all + sent, 0),
      lost: ended.reduce((all, { lost }) => all + lost.length, 0),
    })
  }
  return seen
}

async function killPlugins(place: Place): Promise<void> {
  const { cluster } = place
  const restarts = async () => {
    const path =
      '{range .items[*].status.containerStatuses[?(@.name=="device-plugin")]}{.restartCount} {.ready}{"\\n"}{end}'
    const said = await cluster.kubectl([
      '-n',
      'nsm-system',
      'get',
      'pods',
      '-l',
      'app=nsm-manager',
      '-o',
      `jsonpath=${path}`,
    ])
    return said
      .trim()
      .split('\n')
      .map(line => line.split(' '))
  }
  const before = (await restarts()).reduce((all, [count]) => all + Number(count), 0)
  for (const node of cluster.nodes)
    await cluster.onNode(node, ['pkill', '-KILL', '-f', 'node /app/device-plugin[.]js$'])
  await cluster.waitFor(
    async () => {
      const now = await restarts()
      const count = now.reduce((all, [one]) => all + Number(one), 0)
      return count >= before + cluster.nodes.length && now.every(([, ready]) => ready === 'true')
    },
    { what: 'the device plugins are Ready again', within: 180_000 },
  )
}
