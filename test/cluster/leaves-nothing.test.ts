import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { useCluster } from './cluster.ts'
import { controlGroupRoots, temporaryFolder } from './folder.ts'

const cluster = await useCluster()

/** Whether the command line of any process names the folder. */
function isInUse(folder: string): boolean {
  return spawnSync('pgrep', ['--full', folder]).status === 0
}

it.skipIf(cluster.own === undefined)(
  'a run that is killed leaves no process, and the next one removes its files and control groups',
  async () => {
    const child = spawn(process.execPath, ['test/cluster/up-child.ts', '1'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, KUBECONFIG: '' },
    })
    let folder = ''
    for await (const line of createInterface({ input: child.stdout })) {
      folder = dirname(/KUBECONFIG=(\S+)/.exec(line)?.[1] ?? '')
      break
    }
    expect(isInUse(folder)).toBe(true)
    child.kill('SIGKILL')
    await cluster.waitFor(() => Promise.resolve(!isInUse(folder)), {
      what: 'its processes are gone',
      within: 30_000,
    })
    await using _next = await temporaryFolder()
    expect(existsSync(folder)).toBe(false)
    const groups = controlGroupRoots().flatMap(root => readdirSync(root))
    expect(groups.filter(name => name.startsWith(basename(folder)))).toEqual([])
  },
)
