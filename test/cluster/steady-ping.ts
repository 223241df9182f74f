import type { Cluster } from './cluster.ts'

/** A ping through a connection that goes on whatever happens to the cluster. */
export interface SteadyPing {
  /** How many answers there have been. Looks from the node, so that neither kubelet nor the API server is needed. */
  readonly answers: () => Promise<number>
  /** Ends it and tells what happened. */
  readonly end: () => Promise<Pinged>
}

/** What a ping saw. */
export interface Pinged {
  readonly sent: number
  /** Numbers of the packets that nobody answered; the last one may still be under way. */
  readonly lost: readonly number[]
}

/** A pod that is connected at `nsm0`, and its node. */
export interface Pinging {
  readonly namespace: string
  readonly pod: string
  readonly node: string
}

type Parts = Pick<Cluster, 'inPod' | 'onNode'>

/** Where the other end of a pod's connection is: its ends have addresses one after the other. */
export async function peerOf(cluster: Pick<Cluster, 'inPod'>, { namespace, pod }: Pinging): Promise<string> {
  const said = await cluster.inPod(namespace, pod, 'ip -4 -o addr show nsm0')
  const own = /inet ([0-9.]+)/.exec(said)?.[1]
  if (own === undefined) throw new Error(`pod ${pod} has no address at nsm0: ${said}`)
  return own.replace(/\d+$/, last => String(Number(last) + 1))
}

/** Starts to ping every 10 ms. */
export async function startPing(cluster: Parts, at: Pinging): Promise<SteadyPing> {
  const { namespace, pod, node } = at
  const peer = await peerOf(cluster, at)
  await cluster.inPod(namespace, pod, `ping -i 0.01 ${peer} >/tmp/ping 2>&1 & echo $! >/tmp/ping.pid`)
  const onNode = await cluster.onNode(node, ['pgrep', '--full', '--newest', `^ping -i 0.01 ${peer}$`])
  return {
    async answers() {
      return Number(
        await cluster.onNode(node, ['grep', '-c', 'seq=', `/proc/${onNode.trim()}/root/tmp/ping`]),
      )
    },
    async end() {
      const stop = 'kill -INT $(cat /tmp/ping.pid); until grep -q transmitted /tmp/ping; do sleep 0.1; done'
      return pingedOf(await cluster.inPod(namespace, pod, `${stop}; cat /tmp/ping`))
    },
  }
}

function pingedOf(log: string): Pinged {
  const answered = new Set([...log.matchAll(/seq=(\d+)/g)].map(([, at]) => Number(at)))
  const sent = Number(/(\d+) packets transmitted/.exec(log)?.[1])
  const all = Array.from({ length: sent - 1 }, (_, at) => at)
  return { sent, lost: all.filter(at => !answered.has(at)) }
}
