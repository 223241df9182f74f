import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { makeAuthority } from '#certs/authority.ts'
import { make } from '#certs/make.ts'
import type { KubeApi } from '#kube/api.ts'
import { fakeApi } from '#kube/fake-api.ts'
import { isObject } from '#kube/shape.ts'
import { readConfig } from '#runtime/config.ts'
import { type Log, silent } from '#sdk/log.ts'
import { dial } from '#sdk/rpc/dial.ts'
import { clientByName } from '#sdk/rpc/tls-by-name.ts'
import { Issuer } from '#sdk/wire/gen/issuer/issuer_pb.ts'
import { config } from './config.ts'
import { type RunningIssuer, startIssuer } from './run.ts'

const { signal } = new AbortController()
const patient = { timeout: 20_000, interval: 10 }
const core = '/api/v1/namespaces/nsm-system'
const name = 'nsm-issuer.nsm-system.svc'
const publicKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
  type: 'spki',
  format: 'der',
})

describe('the issuer', () => {
  it('certifies whom the API server names, and logs the node and no token', async () => {
    const said: string[] = []
    const log: Log = {
      ...silent,
      info: (fields, text) => void said.push(`${JSON.stringify(fields)} ${text}`),
    }
    const { api, bundle, issuer } = await started(log)
    await using _ = issuer
    const { certificates, authorities } = await enroll(issuer, await bundle(), { token: 'head.node-7.proof' })
    expect(new X509Certificate(certificates[0] ?? '').subjectAltName).toBe('URI:spiffe://nsm/node/node-7')
    expect(authorities.join('')).toBe(await bundle())
    expect(said.join('\n')).toContain('certified the manager of node node-7')
    expect(said.join('\n')).not.toMatch(/proof|PRIVATE/)
    expect(api.reviews()).toBe(1)
  })

  it('is known by its name at any address, and by no other name', async () => {
    const { bundle, issuer } = await started()
    await using _ = issuer
    await expect(enroll(issuer, await bundle(), { as: 'webhook.nsm-system.svc' })).rejects.toThrow(
      /webhook.nsm-system.svc/,
    )
  })

  it('is told no token by whoever believes another authority', async () => {
    const { api, issuer } = await started()
    await using _ = issuer
    const { certificate } = await makeAuthority('another')
    await expect(enroll(issuer, certificate)).rejects.toThrow(
      /the certificate of nsm-issuer.nsm-system.svc is refused: .*authority that is not believed here/,
    )
    expect(api.reviews()).toBe(0)
  })

  it('serves four at a time of one address, and tells the others to ask again', async () => {
    const { bundle, issuer } = await started()
    await using _ = issuer
    const authorities = await bundle()
    const answers = await Promise.allSettled(
      Array.from({ length: 40 }, (_nothing, index) =>
        enroll(issuer, authorities, { token: `a.node-${index}.c` }),
      ),
    )
    const refused = answers.flatMap(answer => (answer.status === 'rejected' ? [String(answer.reason)] : []))
    expect(refused.length).toBeLessThan(40)
    for (const why of refused) expect(why).toMatch(/the issuer is busy: .*; ask again/)
  })

  it('refuses lives in which authorities could not be changed', async () => {
    await expect(
      startIssuer(settings({ NSM_ISSUER_AUTHORITY_LIFE: '48h' }), { api: fakeApi(), log: silent }),
    ).rejects.toMatchObject({ code: 'BAD_CONFIG', message: expect.stringContaining('693600s') as string })
  })
})

function settings(env: Readonly<Record<string, string>> = {}) {
  return readConfig(config, { NSM_ISSUER_LISTEN: '127.0.0.1:0', NSM_ISSUER_PROBE_PORT: '0', ...env })
}

async function started(log: Log = silent) {
  const api = await installed()
  const issuer = await startIssuer(settings(), { api, log, make })
  await vi.waitFor(() => expect(issuer.readyReason()).toBeUndefined(), patient)
  const bundle = async () => {
    const { data } = await api.call({ method: 'GET', path: `${core}/configmaps/nsm-authorities`, signal })
    return String(isObject(data) ? data['ca.crt'] : '')
  }
  return { api, issuer, bundle }
}

async function enroll({ address }: RunningIssuer, authorities: string, { token = 'a.b.c', as = name } = {}) {
  await using channel = dial(address, { connect: clientByName({ name: as, authorities }) })
  return await channel.client(Issuer).enroll({ publicKey, token })
}

/** An API server with the objects of the manifests, that takes the middle of a token for the node. */
async function installed(): Promise<KubeApi & { readonly reviews: () => number }> {
  const inner = fakeApi()
  let reviews = 0
  for (const [kind, object] of [
    ['secrets', 'nsm-issuer-ca'],
    ['configmaps', 'nsm-authorities'],
  ])
    await inner.call({
      method: 'POST',
      path: `${core}/${kind}`,
      body: { metadata: { name: object } },
      signal,
    })
  return {
    ...inner,
    reviews: () => reviews,
    async call(call) {
      if (!call.path.endsWith('/tokenreviews')) return inner.call(call)
      reviews += 1
      const spec = isObject(call.body) && isObject(call.body['spec']) ? call.body['spec'] : {}
      const extra = {
        'authentication.kubernetes.io/pod-name': ['manager'],
        'authentication.kubernetes.io/pod-uid': ['u'],
        'authentication.kubernetes.io/node-name': [String(spec['token']).split('.')[1] ?? ''],
      }
      const user = { username: 'system:serviceaccount:nsm-system:nsm-manager', extra }
      return { status: { authenticated: true, audiences: ['nsm-issuer'], user } }
    },
  }
}
