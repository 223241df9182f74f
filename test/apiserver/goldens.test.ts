import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeAuthority } from '#certs/authority.ts'
import { issue } from '#certs/issue.ts'
import { silent } from '#sdk/log.ts'
import { type GoldenCase, goldenCases, type KubeJson, patched } from '#webhook/golden.contract.ts'
import { newServer } from '#webhook/http/server.ts'
import { newMetrics } from '#webhook/metrics/metrics.ts'
import { review } from '#webhook/review.ts'
import type { PatchSettings } from '#webhook/settings.ts'
import { useCluster } from './cluster.ts'
import {
  at,
  classOf,
  isServed,
  lasting,
  pathOf,
  requestsOf,
  takenBack,
  type Verdict,
} from './golden-requests.ts'
import { register } from './register.ts'

/** What the API server refuses by itself, with us and without, and why. */
const malformed: Readonly<Record<string, string>> = {
  'empty/container-without-name': 'spec.containers[0].name: Required value',
  'empty/containers-absent': 'spec.containers: Required value',
  'empty/containers-empty': 'spec.containers: Required value',
  'empty/metadata-absent': 'name or generateName is required',
  'empty/metadata-null': 'name or generateName is required',
  'text/escapes': 'metadata.annotations: Invalid value: "example.org/a~1b"',
  'workloads/job-annotate': 'field is immutable',
  'workloads/job-relabel': 'field is immutable',
  'workloads/bare-template': '`selector` does not match template `labels`',
}

/**
 * What is made all the same: the API server makes whole characters of halves before anybody sees them, and a pod without
 * containers has one with our side-car. Where DNS was ours and is taken out, the API server puts its default.
 */
const mended = ['text/half-a-character', 'empty/containers-null-sidecar', 'again/made-dns']

/** Pods whose class changes, because they or the mesh's settings give the injected container other amounts. */
const otherClass: Readonly<Record<string, string>> = {
  'overrides/all': 'Burstable',
  'overrides/cpu-request': 'Burstable',
  'overrides/memory': 'Burstable',
  'overrides/resources': 'Burstable',
  'qos/always': 'Burstable',
  'qos/always-with-request': 'Burstable',
  'qos/guaranteed-lost': 'Burstable',
}

/** All but kinds that this API server does not serve, and objects that are born dying. */
const cases = goldenCases().filter(
  ({ object }) => isServed(object) && object.metadata?.['deletionTimestamp'] === undefined,
)

const cluster = await useCluster()
const { signal } = new AbortController()
const requests = requestsOf(cluster.api)

/** The case whose settings and namespace the webhook has. */
let current: GoldenCase | undefined

describe('every golden, on a real API server', () => {
  const before = new Map<string, { readonly plain: Verdict; readonly wanted: Verdict }>()
  const places = new Map<string, string>()
  const owned = new AsyncDisposableStack()

  beforeAll(async () => {
    const heir = await cluster.newNamespace('heir', { labels: { 'networkservicemesh.io/inherit': 'true' } })
    for (const golden of cases) {
      const { name, inherited, oldObject, object } = golden
      if (inherited !== undefined) places.set(name, heir)
      // Ignored as well, and there.
      if (object.metadata?.namespace === 'nsm-system') places.set(name, 'kube-public')
      if (oldObject !== undefined) {
        const place = await cluster.newNamespace('golden')
        places.set(name, place)
        await requests.make(at(oldObject, place), oldObject.kind === 'Namespace' ? 'PUT' : 'POST')
      }
      const { response } = review(golden.question, golden.context).answer
      before.set(name, {
        plain: await tried(golden, object),
        wanted: await tried(golden, patched(object, response)),
      })
    }
    owned.use(await register(cluster, await serve(owned)))
  }, 300_000)

  afterAll(() => owned.disposeAsync())

  it.each(cases)('does what the golden says: $name', async golden => {
    current = golden
    const { name, object } = golden
    const { response } = review(golden.question, golden.context).answer
    const got = await tried(golden, object)
    const { plain, wanted } = before.get(name) ?? {}
    if (mended.includes(name)) {
      expect(got).toHaveProperty('object')
    } else if (!response.allowed) {
      const place = places.get(name) ?? 'default'
      const message = response.status?.message.replaceAll('default', place) ?? ''
      expect(got).toEqual({ refusal: expect.stringContaining(`denied the request: ${message}`) })
    } else if (malformed[name] !== undefined) {
      for (const verdict of [got, plain, wanted])
        expect(verdict).toEqual({ refusal: expect.stringContaining(malformed[name]) })
    } else {
      expect(got).toHaveProperty('object')
      expect(lasting(got)).toEqual(lasting(wanted))
      expect(lasting(await tried(golden, patched(object, response)))).toEqual(lasting(wanted))
      expect(takenBack(got)).toEqual(takenBack(plain))
      expect(classOf(got)).toBe(otherClass[name] ?? classOf(plain))
    }
  })

  it.each([
    'kinds/pod',
    'kinds/pod-generate-name',
    'kinds/deployment',
    'sidecar/native-by-annotation',
    'sidecar/container',
    'large/env',
    'large/megabyte',
    'text/unicode',
  ])('can be stored and read back: %s', async name => {
    current = cases.find(golden => golden.name === name)
    if (current === undefined) throw new Error(`there is no golden ${name}`)
    const made = await requests.make(at(current.object, await cluster.newNamespace('stored')))
    const found = await cluster.api.call({ method: 'GET', path: pathOf(made), signal })
    expect(found).toEqual(made)
    expect(before.get(name)?.wanted).toMatchObject({ object: { spec: found['spec'] } })
  })

  /** What becomes of an object of a case, without an effect. */
  function tried({ name, oldObject }: GoldenCase, object: KubeJson): Promise<Verdict> {
    const place = places.get(name)
    return requests.attempt(
      place === undefined ? object : at(object, place),
      oldObject === undefined ? 'POST' : 'PUT',
    )
  }
})

/** The webhook of the product, with settings and namespace of the current case. */
async function serve(owned: AsyncDisposableStack) {
  const authority = await makeAuthority('webhook of the goldens')
  const leaf = await issue(authority, { ips: ['127.0.0.1'] })
  const server = owned.use(
    newServer({
      keyPair: { cert: leaf.certificate, key: leaf.key },
      settings: new Proxy({} as PatchSettings, {
        get: (_, key) => Reflect.get(current?.context.settings ?? {}, key) as unknown,
      }),
      log: silent,
      metrics: newMetrics('test'),
      namespaces: { annotationsOf: async () => current?.inherited ?? {} },
      events: { record: () => undefined },
      readyReason: () => undefined,
    }),
  )
  return { url: await server.listen({ host: '127.0.0.1', port: 0 }), ca: authority.certificate }
}
