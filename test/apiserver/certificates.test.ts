import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, vi } from 'vitest'
import { readConfiguration } from '#certs/configuration.ts'
import { phaseOf } from '#certs/held.ts'
import { readHeld } from '#certs/secret.ts'
import { silent } from '#sdk/log.ts'
import { describeLoad, startLoad } from '#webhook/certificate/load.contract.ts'
import { send } from '#webhook/http/https.contract.ts'
import { newSite, type Site, startBalancer, startReplica, tryPod, underLoad } from './certificates.ts'
import { useCluster } from './cluster.ts'

const cluster = await useCluster()
const { signal } = new AbortController()
/** Requests a second that are aimed at, and those that a slow machine reaches too: fewer would prove nothing. */
const aimed = 1000
const enough = 300
const patient = { timeout: 60_000, interval: 50 }

describe('a webhook that makes its own certificate', { timeout: 120_000 }, () => {
  it('rotates its authority three times under a load of pods, and no pod is refused', async () => {
    await using balancer = await startBalancer()
    await using site = await newSite(cluster, balancer.url)
    await using one = await startReplica(site, { name: 'webhook-1' })
    await using other = await startReplica(site, { name: 'webhook-2' })
    for (const { port } of [one, other]) balancer.add(port)
    await untilInjecting(site)
    const authorities = new Set([await authorityOf(site)])
    const load = await underLoad(cluster, site, async () => {
      for (let rotation = 1; rotation <= 3; rotation++) {
        const rotated = await nsm(['certs', 'rotate', ...site.flags, '--wait', '60s'])
        expect(rotated).toMatchObject({ code: 0, stdout: expect.stringContaining('stable: certificate') })
        authorities.add(await authorityOf(site))
      }
    })
    process.stdout.write(
      `three rotations: ${load.made} pods, ${load.perSecond}/s, ${load.failures.length} refused\n`,
    )
    expect(load.failures).toEqual([])
    expect(authorities.size).toBe(4)
    const shown = await nsm(['certs', 'show', ...site.flags, '--json'])
    expect(JSON.parse(shown.stdout)).toMatchObject({
      phase: 'stable',
      replicas: [
        { name: 'webhook-1', serves: 'current', state: 'alive' },
        { name: 'webhook-2', serves: 'current', state: 'alive' },
      ],
      configuration: { entries: [{ refuses: '' }, { refuses: '' }] },
    })
    expect(shown.stdout).not.toContain('PRIVATE')
  })

  it('loses no request of whoever trusts the configuration and aims at a thousand a second, through three rotations', async () => {
    await using balancer = await startBalancer()
    await using site = await newSite(cluster, balancer.url)
    // Twice as long as a client of a busy machine may take between asking whom to trust and its handshake.
    const env = { NSM_WEBHOOK_PROPAGATION: '3s', LOG_LEVEL: 'info' }
    await using one = await startReplica(site, { name: 'webhook-1', env })
    await using other = await startReplica(site, { name: 'webhook-2', env })
    balancer.add(one.port)
    await untilInjecting(site)
    await vi.waitFor(async () => expect((await held(site)).served).toHaveLength(2), patient)
    const follow = new AbortController()
    const live = followBundle(site, follow.signal)
    await vi.waitFor(() => expect(live.bundle()).not.toBe(''), patient)
    const urls = [one, other].map(({ port }) => `https://127.0.0.1:${port}`)
    const load = startLoad({ urls, bundle: live.bundle, rate: aimed })
    for (let rotation = 1; rotation <= 3; rotation++)
      expect(await nsm(['certs', 'rotate', ...site.flags, '--wait', '60s'])).toMatchObject({ code: 0 })
    const result = await load.stop()
    follow.abort()
    await live.done
    process.stdout.write(`three rotations: ${describeLoad(result)} (aimed at ${aimed}/s)\n`)
    expect(result.failures).toEqual([])
    expect(result.perSecond).toBeGreaterThan(enough)
  })

  it.each(['stable', 'announced', 'switched'])(
    'goes on when a replica is killed while the phase is %s, and started again',
    async phase => {
      await using balancer = await startBalancer()
      await using site = await newSite(cluster, balancer.url)
      const env = { NSM_WEBHOOK_PROPAGATION: '3s' }
      await using one = await startReplica(site, { name: 'webhook-1', env })
      const first = await startReplica(site, { name: 'webhook-2', env })
      balancer.add(one.port)
      await untilInjecting(site)
      await vi.waitFor(async () => expect((await held(site)).served).toHaveLength(2), patient)
      if (phase !== 'stable') await nsm(['certs', 'rotate', ...site.flags])
      // One that stands still serves the old certificate, so that the others stay in this phase.
      if (phase === 'switched') process.kill(first.pid, 'SIGSTOP')
      await vi.waitFor(async () => expect(phaseOf(await held(site))).toBe(phase), patient)
      await first.kill()
      await using second = await startReplica(site, { name: 'webhook-2', env })
      const rotated = await nsm(['certs', 'rotate', ...site.flags, '--wait', '60s'])
      expect(rotated).toMatchObject({ code: 0, stdout: expect.stringContaining('stable: certificate') })
      balancer.add(second.port)
      for (let attempt = 0; attempt < 20; attempt++) expect(await tryPod(cluster, site)).toBeUndefined()
    },
  )

  it('repairs a bundle that a stranger overwrites', async () => {
    await using balancer = await startBalancer()
    await using site = await newSite(cluster, balancer.url)
    await using one = await startReplica(site, { name: 'webhook-1' })
    balancer.add(one.port)
    await untilInjecting(site)
    const before = await bundles(site)
    await overwrite(site, [
      {
        op: 'replace',
        path: '/webhooks/0/clientConfig/caBundle',
        value: before[1]?.slice(0, 400).padEnd(404, 'A') ?? '',
      },
      { op: 'remove', path: '/webhooks/1/clientConfig/caBundle' },
    ])
    await vi.waitFor(async () => expect(await bundles(site)).toEqual(before), patient)
    await untilInjecting(site)
  })

  it('leaves the configuration of another owner alone, and is not ready', async () => {
    await using balancer = await startBalancer()
    await using site = await newSite(cluster, balancer.url)
    await overwrite(site, [{ op: 'remove', path: '/metadata/labels' }])
    await using one = await startReplica(site, { name: 'webhook-1' })
    await vi.waitFor(
      () =>
        expect(one.log.map(({ msg }) => msg)).toContain(
          'the webhook configuration is not ours; its caBundle is left alone',
        ),
      patient,
    )
    expect(await bundles(site)).toEqual([undefined, undefined])
    const checked = await nsm(['certs', 'check', ...site.flags])
    expect(checked).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('it has no label app.kubernetes.io/part-of=nsm'),
    })
  })

  it('is ready with files only while the caBundle that others keep verifies them', async () => {
    await using balancer = await startBalancer()
    await using site = await newSite(cluster, balancer.url)
    const folder = await mkdtemp(join(cluster.folder, 'files-'))
    const env = {
      NSM_WEBHOOK_CERTIFICATE: 'files',
      NSM_CERT_FILE_PATH: join(folder, 'tls.crt'),
      NSM_KEY_FILE_PATH: join(folder, 'tls.key'),
    }
    await using one = await startReplica(site, { name: 'webhook-1', env })
    const ca = await readFile(join(folder, 'ca.crt'), 'utf8')
    const ready = () => send({ method: 'GET', url: `https://127.0.0.1:${one.port}/readyz`, ca })
    await vi.waitFor(
      async () =>
        expect(await ready()).toMatchObject({
          status: 503,
          body: expect.stringMatching(/caBundle is empty/),
        }),
      patient,
    )
    expect(await bundles(site)).toEqual([undefined, undefined])
    const value = Buffer.from(ca).toString('base64')
    const operation = (index: number) => ({
      op: 'add',
      path: `/webhooks/${index}/clientConfig/caBundle`,
      value,
    })
    await overwrite(site, [operation(0), operation(1)])
    await vi.waitFor(async () => expect((await ready()).status).toBe(200), patient)
    balancer.add(one.port)
    await untilInjecting(site)
  })

  it('finds with nsm certs what nsm certs init has made', async () => {
    await using balancer = await startBalancer()
    await using site = await newSite(cluster, balancer.url)
    const dry = await nsm(['certs', 'init', ...site.flags, '--dry-run', '-o', 'yaml'])
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('not shown') })
    const made = await nsm([
      'certs',
      'init',
      ...site.flags,
      '--for',
      '127.0.0.1',
      `nsm-webhook.${site.namespace}.svc`,
    ])
    expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining('configured') })
    expect(await nsm(['certs', 'check', ...site.flags])).toMatchObject({ code: 0 })
    await using one = await startReplica(site, { name: 'webhook-1' })
    balancer.add(one.port)
    await untilInjecting(site)
    expect(phaseOf(await held(site))).toBe('stable')
  })

  it('says good-bye at its end', async () => {
    await using balancer = await startBalancer()
    await using site = await newSite(cluster, balancer.url)
    const one = await startReplica(site, { name: 'webhook-1' })
    await vi.waitFor(async () => expect((await held(site)).served).toHaveLength(1), patient)
    await one[Symbol.asyncDispose]()
    expect((await held(site)).served).toEqual([])
  })
})

/** The bundle of the first entry as a watch tells of it, which is what an API server goes by. */
function followBundle({ namespace }: Site, end: AbortSignal) {
  let bundle = ''
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations?fieldSelector=metadata.name%3D${namespace}`
  const follow = async () => {
    for await (const { type, object } of cluster.api.watch({ path, signal: end, log: silent }))
      if (type !== 'SYNCED') bundle = readConfiguration(object).entries[0]?.bundle ?? ''
  }
  return { bundle: () => bundle, done: follow() }
}

function untilInjecting(site: Site): Promise<void> {
  return vi.waitFor(async () => expect(await tryPod(cluster, site)).toBeUndefined(), patient)
}

async function held({ secret }: Site) {
  return readHeld(await cluster.api.call({ method: 'GET', path: secret, signal }))
}

async function authorityOf(site: Site): Promise<string | undefined> {
  return (await held(site)).authorities[0]?.fingerprint
}

async function bundles({ configuration }: Site): Promise<readonly (string | undefined)[]> {
  const { webhooks } = await cluster.api.call({ method: 'GET', path: configuration, signal })
  return (webhooks as { readonly clientConfig: { readonly caBundle?: string } }[]).map(
    ({ clientConfig }) => clientConfig.caBundle,
  )
}

async function overwrite({ configuration }: Site, body: readonly object[]): Promise<void> {
  const contentType = 'application/json-patch+json'
  await cluster.api.call({ method: 'PATCH', path: configuration, body, contentType, signal })
}

async function nsm(args: readonly string[]) {
  const child = spawn(process.execPath, ['dist/cli.js', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, stdout, stderr }
}
