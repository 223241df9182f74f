import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConnectionRow } from './nsm.ts'

/** A user without any right: `nobody` where there is one. */
const nobody = 65_534

const node = resolve('node_modules/.bin/node')
const unprivileged = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--inh-caps=-all']

/** Why a mesh cannot be run as another user here; undefined when it can. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may run a mesh as another user'
  const reads = spawnSync('setpriv', [...unprivileged, node, '--check', resolve('dist/cli.js')])
  if (reads.error !== undefined) return 'setpriv of util-linux is missing'
  if (reads.status !== 0)
    return `user ${nobody} may not read this checkout: chmod -R o+rX and its parents o+x`
  const unshares = spawnSync('setpriv', [...unprivileged, 'unshare', '--user', '--map-root-user', 'true'], {
    encoding: 'utf8',
  })
  if (unshares.status !== 0) return `user ${nobody} may not make user namespaces: ${unshares.stderr}`.trim()
  return undefined
}

const reason = obstacle()
if (reason !== undefined) process.stderr.write(`skipped, rootless: ${reason}\n`)

describe.skipIf(reason !== undefined)('a user without rights', () => {
  let home = ''

  async function nsm(...args: readonly string[]) {
    const child = spawn('setpriv', [...unprivileged, node, 'dist/cli.js', ...args], {
      env: { PATH: process.env['PATH'], HOME: home, NSM_MESH: 'qa-rootless', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ])
    return { code, stdout, stderr }
  }

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'nsm-rootless-'))
    chownSync(home, nobody, nobody)
    expect(await nsm('up', '-f', 'manifests/examples/vpn-gateway')).toMatchObject({ code: 0 })
  })
  afterAll(async () => {
    await nsm('down')
    rmSync(home, { recursive: true, force: true })
  })

  it('runs a whole example: the server behind the gateway answers the client', async () => {
    const { stdout } = await nsm('connections', '--json')
    const { connections }: { connections: readonly ConnectionRow[] } = JSON.parse(stdout)
    const [client = ''] = connections.map(row => row.client.name)
    const url = 'http://10.100.0.10:8080'
    const done = await nsm('exec', client, '--', 'curl', '--silent', '--max-time', '2', url)
    expect(done).toMatchObject({ code: 0, stdout: 'hello from the intranet\n' })
  })

  it('ends its connections, links and all', async () => {
    expect((await nsm('delete', 'connection', 'deploy/client')).code).toBe(0)
    expect((await nsm('exec', 'deploy/client', '--', 'ip', '-j', 'link')).stdout).not.toContain('nsm0')
  })

  it('takes it down, and nothing of it stays', async () => {
    expect((await nsm('down')).code).toBe(0)
    expect((await nsm('meshes')).stdout).not.toContain('qa-rootless')
  })

  it('does not see and cannot touch the mesh of another user', async () => {
    const other = { ...process.env, NSM_MESH: 'qa-rootless', NO_COLOR: '1' }
    expect(spawnSync(node, ['dist/cli.js', 'up'], { env: other }).status).toBe(0)
    try {
      expect((await nsm('ps')).code).toBe(68)
      await nsm('down')
      expect(spawnSync(node, ['dist/cli.js', 'ps'], { env: other }).status).toBe(0)
    } finally {
      expect(spawnSync(node, ['dist/cli.js', 'down'], { env: other }).status).toBe(0)
    }
  })
})
