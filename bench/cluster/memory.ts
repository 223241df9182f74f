import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Cluster } from '#test/cluster/cluster.ts'
import { ownOf } from '#test/cluster/facts.ts'

/** What a program of the mesh holds on one node, in MiB. */
export interface Held {
  readonly program: string
  readonly node: string
  readonly resident: number
  /** A page that n processes share counts as 1/n. */
  readonly proportional: number
  /** Of its control group, as kubelet counts it for eviction. */
  readonly workingSet: number
}

/** What is left in pods once they are Ready, for each of them. */
export interface Leftover {
  readonly processes: number
  /** MiB. */
  readonly workingSet: number
}

const programs = ['manager', 'device-plugin', 'forwarder']

const script = `for program in ${programs.join(' ')}; do
  folder=/proc/$(pgrep -o -f "node /app/$program[.]js$")
  echo $program $(awk '/^Rss/ {rss = $2} /^Pss:/ {pss = $2} END {print rss / 1024, pss / 1024}' $folder/smaps_rollup) \\
    $(sed -nE 's/^([0-9]+:memory|0:):(.+)/\\2/p' $folder/cgroup | tail -1)
done`

/** What the programs that keep a node hold, for each node. */
export async function held(cluster: Pick<Cluster, 'nodes' | 'onNode'>): Promise<readonly Held[]> {
  const said = await Promise.all(
    cluster.nodes.map(async node => ({ node, text: await cluster.onNode(node, ['sh', '-c', script]) })),
  )
  return said.flatMap(({ node, text }) =>
    text
      .trim()
      .split('\n')
      .map(line => {
        const [program = '', resident, proportional, group = ''] = line.split(' ')
        return {
          program,
          node,
          resident: Number(resident),
          proportional: Number(proportional),
          workingSet: workingSetOf(join(hierarchy(), group)),
        }
      }),
  )
}

/** Means over the control groups of pods. */
export function leftovers(
  cluster: Pick<Cluster, 'own' | 'kubeconfig' | 'nodes' | 'kubectlPath'>,
  uids: readonly string[],
): Leftover {
  const { folder } = ownOf(cluster)
  const wanted = new Set(uids.map(uid => `pod${uid}`))
  const groups = globSync(join(hierarchy(), `${basename(folder)}-*`, 'kubepods', '**', 'pod*')).filter(path =>
    wanted.has(basename(path)),
  )
  const processes = groups.flatMap(group =>
    globSync(join(group, '**', 'cgroup.procs')).flatMap(
      path => readFileSync(path, 'utf8').match(/\d+/g) ?? [],
    ),
  )
  const workingSet = groups.reduce((all, group) => all + workingSetOf(group), 0)
  return { processes: processes.length / groups.length, workingSet: workingSet / groups.length }
}

/** Root of the groups that count memory: version 1 has one of its own. */
function hierarchy(): string {
  const old = '/sys/fs/cgroup/memory'
  return existsSync(old) ? old : '/sys/fs/cgroup'
}

function workingSetOf(group: string): number {
  const isOld = existsSync(join(group, 'memory.usage_in_bytes'))
  const used = Number(readFileSync(join(group, isOld ? 'memory.usage_in_bytes' : 'memory.current'), 'utf8'))
  const stat = readFileSync(join(group, 'memory.stat'), 'utf8')
  const idle = new RegExp(`^${isOld ? 'total_' : ''}inactive_file (\\d+)`, 'm').exec(stat)?.[1]
  return (used - Number(idle)) / 2 ** 20
}
