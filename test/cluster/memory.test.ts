import { expect, it } from 'vitest'
import { useCluster } from './cluster.ts'

const cluster = await useCluster()

/** Resident and proportional MiB of each program that keeps a node; proportional counts a page of n processes as 1/n. */
const script = `for program in manager device-plugin forwarder; do
  folder=/proc/$(pgrep -o -f "node /app/$program[.]js$")
  echo $program $(awk '/^Rss/ {rss = $2} /^Pss:/ {pss = $2} END {print rss / 1024, pss / 1024}' $folder/smaps_rollup)
done`

it.skipIf(cluster.own === undefined)(
  'what keeps a node holds less than 200 MiB',
  { timeout: 300_000 },
  async () => {
    await cluster.install()
    for (const node of cluster.nodes) {
      const said = await cluster.onNode(node, ['sh', '-c', script])
      const proportional = said.match(/(?<= )\S+$/gm)?.map(Number) ?? []
      process.stdout.write(`${node}, MiB resident and proportional: ${said.trim().replaceAll('\n', ', ')}\n`)
      expect(proportional, said).toHaveLength(3)
      expect(
        proportional.reduce((all, each) => all + each, 0),
        said,
      ).toBeLessThan(200)
    }
  },
)
