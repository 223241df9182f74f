import type { ClusterFacts } from './facts.ts'
import { kubectl } from './kubectl.ts'

/** What tells why a test waits in vain: pods, events and the ends of logs, of its namespaces and of the mesh. */
export async function dump(facts: ClusterFacts, namespaces: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    [...namespaces, 'nsm-system'].map(async namespace => [
      `== ${namespace}`,
      await say(facts, ['-n', namespace, 'get', 'pods,nse', '-o', 'wide']),
      await say(facts, ['-n', namespace, 'get', 'events', '--sort-by=.lastTimestamp'], 25),
      await logs(facts, namespace),
    ]),
  )
  return [await say(facts, ['get', 'nodes', '-o', 'wide']), ...parts.flat()].join('\n')
}

async function logs(facts: ClusterFacts, namespace: string): Promise<string> {
  const names = await say(facts, ['-n', namespace, 'get', 'pods', '-o', 'name'])
  const pods = names.split('\n').filter(name => name.startsWith('pod/'))
  const texts = pods.map(async pod => {
    const said = await say(facts, ['-n', namespace, 'logs', pod, '--all-containers', '--prefix', '--tail=12'])
    return `-- ${pod}\n${said}`
  })
  return (await Promise.all(texts)).join('\n')
}

/** A dump says what it cannot learn instead of failing. */
async function say(facts: ClusterFacts, args: readonly string[], lines = 200): Promise<string> {
  const text = await kubectl(facts, [...args, '--request-timeout=5s']).catch((error: unknown) =>
    String(error),
  )
  return text.trimEnd().split('\n').slice(-lines).join('\n')
}
