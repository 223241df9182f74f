import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { fingerprintsOf, whyRefused } from '#certs/bundle.ts'
import { phaseOf } from '#certs/held.ts'
import { readHeld } from '#certs/secret.ts'
import { connectApi } from '#kube/connect-api.ts'
import { Enrolment } from '#manager/enrolment.ts'
import { proofFromFiles } from '#manager/issuer-proof.ts'
import { publishedAuthorities } from '#manager/kubernetes/authorities.ts'
import { type Log, silent } from '#sdk/log.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { useCluster } from './cluster.ts'
import { type IssuerSite, newIssuerSite, publishedBundle, startIssuerProcess } from './issuer-site.ts'
import { freePorts } from './ports.ts'

const cluster = await useCluster()
const { signal } = new AbortController()
const run = promisify(execFile)
const patient = { timeout: 60_000, interval: 50 }
/** A rotation takes half a minute with these. */
const short = { NSM_ISSUER_CERTIFICATE_LIFE: '12s', NSM_ISSUER_PROPAGATION: '1s' }

describe('issuers on a real API server', { timeout: 150_000 }, () => {
  it('two at once make one authority, and either certifies', async () => {
    const site = await newIssuerSite(cluster)
    await using one = await startIssuerProcess(site)
    await using other = await startIssuerProcess(site)
    const node = `two-${site.namespace}`
    const pod = await site.newPod(node)
    const certificates = []
    for (const { port } of [one, other]) {
      await using manager = await newManager(site, { address: `tcp://127.0.0.1:${port}`, pod, node })
      await manager.enrolment.ready(30_000)
      certificates.push(manager.enrolment.current())
    }
    const bundle = await publishedBundle(site, cluster.api)
    expect(fingerprintsOf(bundle)).toHaveLength(1)
    for (const { certificate, authorities } of certificates) {
      expect(authorities).toBe(bundle)
      expect(whyRefused(certificate, bundle, Date.now())).toBeUndefined()
      expect(new X509Certificate(certificate).subjectAltName).toBe(`URI:spiffe://nsm/node/${node}`)
    }
    expect(JSON.stringify([...one.log, ...other.log])).not.toMatch(/eyJ|PRIVATE/)
  })

  it('a manager that starts first waits, is certified when the issuer comes, and goes on without it', async () => {
    const site = await newIssuerSite(cluster)
    const node = `early-${site.namespace}`
    const [port = 0] = await freePorts(1)
    const said: string[] = []
    const log: Log = { ...silent, warn: (_, text) => void said.push(text) }
    const pod = await site.newPod(node)
    await using manager = await newManager(site, { address: `tcp://127.0.0.1:${port}`, pod, node, log })
    await vi.waitFor(() => expect(said.join()).toMatch(/has not published its authorities yet/), patient)
    const issuer = await startIssuerProcess(site, { NSM_ISSUER_LISTEN: `127.0.0.1:${port}` })
    await manager.enrolment.ready(60_000)
    const { certificate } = manager.enrolment.current()
    await issuer.kill()
    expect(manager.enrolment.current().certificate).toBe(certificate)
  })

  it('a killed one and its successor change the authority, and no manager is without one that all believe', async () => {
    const site = await newIssuerSite(cluster)
    const [port = 0] = await freePorts(1)
    const env = { ...short, NSM_ISSUER_LISTEN: `127.0.0.1:${port}` }
    let issuer = await startIssuerProcess(site, env)
    const nodes = ['a', 'b'].map(name => `${name}-${site.namespace}`)
    await using held = new AsyncDisposableStack()
    const managers = []
    for (const node of nodes) {
      const pod = await site.newPod(node)
      managers.push(held.use(await newManager(site, { address: `tcp://127.0.0.1:${port}`, pod, node })))
    }
    for (const { enrolment } of managers) await enrolment.ready(30_000)
    const phases = new Set<string>()
    const first = fingerprintsOf(await publishedBundle(site, cluster.api))[0]
    await announce(site)
    const deadline = Date.now() + 130_000
    for (;;) {
      const state = readHeld(await site.get('secrets/nsm-issuer-ca'))
      const phase = phaseOf(state)
      if (!phases.has(phase)) {
        phases.add(phase)
        await issuer.kill()
        issuer = await startIssuerProcess(site, env)
      }
      // One that could not renew while the issuer was killed is refused for that, and rightly.
      const shown = managers
        .map(({ enrolment }) => enrolment.current())
        .filter(
          ({ certificate }) => new X509Certificate(certificate).validToDate.getTime() > Date.now() + 500,
        )
      for (const one of shown)
        for (const other of shown)
          expect(whyRefused(one.certificate, other.authorities, Date.now()), phase).toBeUndefined()
      if (phase === 'stable' && state.authorities[0]?.fingerprint !== first) break
      if (Date.now() > deadline) throw new Error(`the rotation does not end: ${phase}`)
      await sleep(100)
    }
    await issuer.kill()
    expect([...phases].toSorted()).toEqual(['announced', 'stable', 'switched'])
    expect(
      managers.map(({ enrolment }) => fingerprintsOf(enrolment.current().authorities)),
    ).not.toContainEqual([first])
  })

  it('a lost authority is replaced, and managers enrol anew as soon as they see it', async () => {
    const site = await newIssuerSite(cluster)
    await using issuer = await startIssuerProcess(site)
    const node = `lost-${site.namespace}`
    const pod = await site.newPod(node)
    await using manager = await newManager(site, { address: `tcp://127.0.0.1:${issuer.port}`, pod, node })
    await manager.enrolment.ready(30_000)
    const before = manager.enrolment.current()
    await manager.mount(await publishedBundle(site, cluster.api))
    await cluster.api.call({
      method: 'PATCH',
      path: `/api/v1/namespaces/${site.namespace}/secrets/nsm-issuer-ca`,
      body: { data: null },
      signal,
    })
    const after = await vi.waitFor(async () => {
      const bundle = await publishedBundle(site, cluster.api)
      expect(bundle).not.toBe(before.authorities)
      return bundle
    }, patient)
    await manager.mount(after)
    await vi.waitFor(() => expect(manager.enrolment.current().authorities).toBe(after), patient)
  })

  it('a manager shows its token to nobody who is not of the authority', async () => {
    const site = await newIssuerSite(cluster)
    const other = await newIssuerSite(cluster)
    await using issuer = await startIssuerProcess(site)
    await using stranger = await startIssuerProcess(other)
    const node = `safe-${site.namespace}`
    const pod = await site.newPod(node)
    const bundle = await vi.waitFor(async () => {
      const published = await publishedBundle(site, cluster.api)
      expect(published).not.toBe('')
      return published
    }, patient)
    const said: string[] = []
    const log: Log = { ...silent, warn: (_, text) => void said.push(text) }
    await using manager = await newManager(site, {
      address: `tcp://127.0.0.1:${stranger.port}`,
      pod,
      node,
      log,
    })
    await manager.mount(bundle)
    await vi.waitFor(
      () => expect(said.join()).toMatch(/nsm-issuer\..* is refused: .*authority that is not believed here/),
      patient,
    )
    expect(issuer.port).toBeGreaterThan(0)
  })
})

/** Begins what is due after eight months otherwise. */
async function announce({ namespace }: IssuerSite): Promise<void> {
  const kubeconfig = join(cluster.folder, 'admin.kubeconfig')
  const flags = ['--kubeconfig', kubeconfig, '-n', namespace, '--secret', 'nsm-issuer-ca']
  const { stdout } = await run(process.execPath, ['dist/cli.js', 'certs', 'rotate', ...flags])
  expect(stdout).toMatch(/^secret\/nsm-issuer-ca announces authority /)
}

interface ManagerOptions {
  readonly address: Address
  readonly pod: Awaited<ReturnType<IssuerSite['newPod']>>
  readonly node: string
  readonly log?: Log
}

/** The enrolling part of a manager, with the files that kubelet would mount. */
async function newManager(site: IssuerSite, { address, pod, node, log = silent }: ManagerOptions) {
  await using made = new AsyncDisposableStack()
  const folder = await mkdtemp(join(cluster.folder, 'manager-'))
  const [tokenFile, authoritiesFile] = [join(folder, 'token'), join(folder, 'ca.crt')]
  await writeFile(tokenFile, await site.token({ bound: pod }), { mode: 0o600 })
  const api = made.use(
    await connectApi({
      server: cluster.server,
      ca: cluster.ca,
      token: await site.token({ audience: 'https://kubernetes.default.svc', bound: pod }),
    }),
  )
  const proof = proofFromFiles({
    serverName: `nsm-issuer.${site.namespace}.svc`,
    tokenFile,
    authoritiesFile,
    log,
    publishedAuthorities: () => publishedAuthorities({ api, namespace: site.namespace }),
  })
  const enrolment = made.use(new Enrolment({ issuer: address, node, log, proof }))
  const kept = made.move()
  return {
    enrolment,
    /** What kubelet does with a ConfigMap that has changed. */
    async mount(bundle: string) {
      await writeFile(join(folder, 'next'), bundle)
      await rename(join(folder, 'next'), authoritiesFile)
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
