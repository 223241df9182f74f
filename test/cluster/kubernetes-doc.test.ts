import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'

const cluster = await useCluster()

/** What stands behind `$ ` in the text, in its order. */
const commands = [...readFileSync('docs/kubernetes.md', 'utf8').matchAll(/^\$ (.+)$/gm)].flatMap(
  match => match[1] ?? [],
)

const path = [resolve('node_modules/.bin'), dirname(cluster.kubectlPath), process.env['PATH'] ?? '']
const env = {
  ...process.env,
  PATH: path.join(delimiter),
  KUBECONFIG: cluster.kubeconfig,
  NSM_MESH: undefined,
}

/** Runs a command as somebody does who reads the text; gives what it prints. */
async function run(command: string): Promise<string> {
  const [program = '', ...args] = command.replace(/^npx nsm /, `${process.execPath} dist/cli.js `).split(' ')
  const { stdout } = await promisify(execFile)(program, args, { env, timeout: 290_000 })
  return stdout
}

describe('docs/kubernetes.md', () => {
  it('has commands to run, of nsm and kubectl alone', () => {
    expect(commands.length).toBeGreaterThan(15)
    expect(commands.filter(command => !/^(npx nsm|kubectl) /.test(command))).toEqual([])
  })

  it.each(commands)('%s', { timeout: 300_000 }, async command => {
    // What other tests have left is on its way out, and would be in the way.
    if (command.includes('uninstall')) await withoutUsers()
    await expect(run(command)).resolves.toBeTypeOf('string')
  })

  it('leaves nothing of the mesh but what users have made', async () => {
    expect(await cluster.kubectl('get namespaces -o name')).not.toContain('nsm-system')
    expect(await cluster.kubectl('get mutatingwebhookconfigurations -o name')).not.toContain('nsm')
  })
})

async function withoutUsers(): Promise<void> {
  await cluster.waitFor(
    async () => {
      const { pods } = JSON.parse(await run('npx nsm ps --json')) as {
        readonly pods: readonly { readonly namespace: string }[]
      }
      return pods.every(({ namespace }) => namespace === 'nsm-system')
    },
    { what: 'no pod uses the mesh', within: 120_000 },
  )
}
