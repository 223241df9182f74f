import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { config } from '#issuer/config.ts'
import { type RunningIssuer, startIssuer } from '#issuer/run.ts'
import { connectApi } from '#kube/connect-api.ts'
import { readConfig } from '#runtime/config.ts'
import { silent } from '#sdk/log.ts'
import { dial } from '#sdk/rpc/dial.ts'
import { clientByName } from '#sdk/rpc/tls-by-name.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { Issuer } from '#sdk/wire/gen/issuer/issuer_pb.ts'
import { useCluster } from './cluster.ts'
import { type IssuerSite, newIssuerSite, publishedBundle } from './issuer-site.ts'

const cluster = await useCluster()
const { signal } = new AbortController()
const patient = { timeout: 30_000, interval: 50 }
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
  type: 'spki',
  format: 'der',
})

const site = await newIssuerSite(cluster)
const pod = await site.newPod(`node-a-${site.namespace}`)

describe('an issuer', () => {
  it('certifies the manager of a pod for the node that the API server says, as often as the token is shown', async () => {
    await using issuer = await start(site)
    const token = await site.token({ bound: pod })
    for (let time = 0; time < 2; time++) {
      const { certificates, authorities } = await enroll(issuer.address, token)
      const certificate = new X509Certificate(certificates[0] ?? '')
      expect(certificate.subjectAltName).toBe(`URI:spiffe://nsm/node/node-a-${site.namespace}`)
      expect(certificate.verify(new X509Certificate(authorities[0] ?? '').publicKey)).toBe(true)
    }
    expect((await site.get('secrets/nsm-issuer-ca'))['data']).toHaveProperty(['ca.key'])
    expect(Object.keys((await site.get('configmaps/nsm-authorities'))['data'] as object)).toEqual(['ca.crt'])
  })

  it.each<{ readonly what: string; readonly token: () => Promise<string> | string; readonly why: RegExp }>([
    { what: 'nothing', token: () => '', why: /it shows no token; give it NSM_ISSUER_TOKEN_FILE/ },
    { what: 'garbage', token: () => 'a b', why: /no token of a service account/ },
    { what: 'a megabyte', token: () => `a.b.${'c'.repeat(2 ** 20)}`, why: /no token of a service account/ },
    {
      what: 'what looks like a token',
      token: () => 'eyJhbGciOiJSUzI1NiJ9.e30.AAAA',
      why: /does not accept its token/,
    },
    {
      what: 'the token of a member of system:masters',
      token: () => cluster.adminToken,
      why: /no token of a/,
    },
    {
      what: 'a token for the API server',
      token: () => site.token({ bound: pod, audience: 'https://kubernetes.default.svc' }),
      why: /does not accept its token: .*audience/,
    },
    {
      what: 'a token of another account',
      token: async () =>
        site.token({ account: 'other', bound: await site.newPod(`node-b-${site.namespace}`, 'other') }),
      why: /is of system:serviceaccount:.*:other, and only system:serviceaccount:.*:nsm-manager is certified/,
    },
    { what: 'a token that is bound to nothing', token: () => site.token({}), why: /not bound to a pod/ },
    {
      what: 'a token that is bound to a node',
      token: async () => {
        const node = await cluster.api.call({
          method: 'POST',
          path: '/api/v1/nodes',
          body: { metadata: { name: `node-c-${site.namespace}` } },
          signal,
        })
        const { name, uid } = node['metadata'] as { readonly name: string; readonly uid: string }
        return site.token({ bound: { kind: 'Node', name, uid } })
      },
      why: /not bound to a pod/,
    },
    {
      what: 'the token of a pod that is gone',
      token: async () => {
        const gone = await site.newPod(`node-d-${site.namespace}`)
        const token = await site.token({ bound: gone })
        const path = `/api/v1/namespaces/${site.namespace}/pods/${gone.name}?gracePeriodSeconds=0`
        await cluster.api.call({ method: 'DELETE', path, signal })
        return token
      },
      why: /does not accept its token/,
    },
    {
      what: 'a token whose signature was changed',
      token: async () => {
        const token = await site.token({ bound: pod })
        const [head = '', claims = '', proof = ''] = token.split('.')
        const other = JSON.stringify({
          ...(JSON.parse(Buffer.from(claims, 'base64url').toString()) as object),
          exp: 2 ** 40,
        })
        return [head, Buffer.from(other).toString('base64url'), proof].join('.')
      },
      why: /does not accept its token/,
    },
  ])('refuses whoever shows $what, and repeats no token', async ({ token, why }) => {
    await using issuer = await start(site)
    const shown = await token()
    const refusal = await enroll(issuer.address, shown).then(
      () => undefined,
      (error: unknown) => error as Error,
    )
    expect(refusal).toMatchObject({ code: 'DENIED', message: expect.stringMatching(why) as string })
    if (shown.length > 3) expect(refusal?.message).not.toContain(shown.slice(0, 40))
  })

  it('has no right but those that it needs', async () => {
    await using api = await connectApi({ server: cluster.server, ca: cluster.ca, token: site.issuerToken })
    const core = `/api/v1/namespaces/${site.namespace}`
    for (const [method, path] of [
      ['GET', `${core}/secrets`],
      ['GET', `${core}/configmaps`],
      ['GET', `${core}/pods`],
      ['GET', '/api/v1/nodes'],
      ['DELETE', `${core}/secrets/nsm-issuer-ca`],
      ['POST', `${core}/secrets`],
      ['POST', `${core}/serviceaccounts/nsm-manager/token`],
    ] as const)
      await expect(api.call({ method, path, body: {}, signal }), `${method} ${path}`).rejects.toMatchObject({
        status: 403,
      })
  })
})

async function start(
  { namespace, issuerToken }: IssuerSite,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningIssuer> {
  await using made = new AsyncDisposableStack()
  const api = made.use(await connectApi({ server: cluster.server, ca: cluster.ca, token: issuerToken }))
  const values = readConfig(config, {
    NSM_ISSUER_LISTEN: '127.0.0.1:0',
    NSM_ISSUER_PROBE_PORT: '0',
    POD_NAMESPACE: namespace,
    ...env,
  })
  const issuer = made.use(await startIssuer(values, { api, log: silent }))
  await vi.waitFor(() => expect(issuer.readyReason()).toBeUndefined(), patient)
  const kept = made.move()
  return { ...issuer, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

async function enroll(address: Address, token: string) {
  const authorities = await vi.waitFor(async () => {
    const bundle = await publishedBundle(site, cluster.api)
    expect(bundle).not.toBe('')
    return bundle
  }, patient)
  const name = `nsm-issuer.${site.namespace}.svc`
  await using channel = dial(address, { connect: clientByName({ name, authorities }) })
  return await channel.client(Issuer).enroll({ publicKey: key, token })
}
