import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ReviewQuestion, readReview } from '#kube/admission-review.ts'
import { goldenCases, settings } from '#webhook/golden.contract.ts'
import { type Reviewed, review } from '#webhook/review.ts'
import { readQuestion } from './read-question.ts'

describe('readQuestion()', () => {
  it.each(goldenCases())('reads all that the answer depends on, for $name', ({ question, context }) => {
    expect(review(readQuestion(body(question)), context)).toEqual(review(question, context))
  })

  it('reads all that the answer depends on, of pods and workloads with anything in them', () => {
    fc.assert(
      fc.property(questions(), asked => {
        const json = body(asked)
        const whole = outcome(() => review(readReview(JSON.parse(json.toString())), { settings }))
        expect(outcome(() => review(readQuestion(json), { settings }))).toEqual(whole)
      }),
      { numRuns: 2_000 },
    )
  })

  it('reads a pod that was injected before as a whole', () => {
    const object = {
      metadata: { annotations: { 'networkservicemesh.io/status': '{}' } },
      spec: { future: [1] },
    }
    expect(readQuestion(body(ask({ kind: 'Pod', object }))).request.object).toEqual(object)
  })

  it('passes over what no answer depends on', () => {
    const object = {
      metadata: { name: 'a', managedFields: [{}] },
      spec: { containers: [{ name: 'c', env: [{}] }] },
    }
    expect(readQuestion(body(ask({ kind: 'Pod', object }))).request.object).toEqual({
      metadata: { name: 'a' },
      spec: { containers: [{ name: 'c' }] },
    })
  })
})

interface Asked {
  readonly kind: string
  readonly object: unknown
  readonly oldObject?: unknown
}

function ask({ kind, object, oldObject }: Asked): ReviewQuestion {
  const operation = oldObject === undefined ? 'CREATE' : 'UPDATE'
  return {
    apiVersion: 'admission.k8s.io/v1',
    request: { uid: 'u', kind: { kind }, operation, namespace: 'default', object, oldObject },
  }
}

function body(question: ReviewQuestion): Buffer {
  return Buffer.from(JSON.stringify({ kind: 'AdmissionReview', ...question }))
}

function outcome(work: () => Reviewed): unknown {
  try {
    return work()
  } catch (error) {
    return String(error)
  }
}

/** Questions that are nearly right: each field is mostly of its type, sometimes anything, sometimes absent. */
function questions(): fc.Arbitrary<ReviewQuestion> {
  const anything = fc.jsonValue({ maxDepth: 1 })
  const mostly = <T>(arbitrary: fc.Arbitrary<T>) =>
    fc.oneof({ arbitrary, weight: 30 }, { arbitrary: anything, weight: 1 }) as fc.Arbitrary<unknown>
  const some = (fields: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
    mostly(fc.record({ ...fields, more: anything }, { requiredKeys: [] }))
  const name = fc.constantFrom('app', 'web', 'nsm-init', 'nsm-sidecar', 'nsm-')
  const texts = fc.dictionary(
    fc.constantFrom(
      'networkservicemesh.io',
      'ns.networkservicemesh.io',
      'networkservicemesh.io/inject',
      'networkservicemesh.io/mode',
      'networkservicemesh.io/init-position',
      'networkservicemesh.io/status',
      'app',
      '__proto__',
    ),
    mostly(
      fc.constantFrom(
        'kernel://a',
        'a',
        'true',
        'false',
        'sidecar',
        'first',
        'before:app',
        '{"version":1}',
        '',
      ),
    ),
  )
  const quantities = some({ cpu: fc.constantFrom('1', '100m', 1), memory: fc.constantFrom('1Gi', '10Mi') })
  const resources = some({ limits: quantities, requests: quantities })
  const containers = mostly(
    fc.array(
      some({
        name,
        image: fc.constant('i'),
        resources,
        restartPolicy: fc.constantFrom('Always'),
        args: fc.array(fc.string()),
      }),
      { maxLength: 3 },
    ),
  )
  const metadata = some({
    name,
    generateName: name,
    namespace: fc.constant('default'),
    annotations: mostly(texts),
    labels: mostly(texts),
    ownerReferences: mostly(fc.array(some({ kind: name, name, controller: fc.boolean() }), { maxLength: 2 })),
    deletionTimestamp: fc.constant('t'),
    managedFields: anything,
  })
  const template = some({ metadata, spec: some({ containers: fc.constant([]) }) })
  const spec = some({
    containers,
    initContainers: containers,
    hostNetwork: fc.boolean(),
    os: some({ name: fc.constantFrom('linux', 'windows') }),
    nodeSelector: mostly(
      fc.dictionary(fc.constantFrom('kubernetes.io/os'), fc.constantFrom('linux', 'windows')),
    ),
    resources,
    template,
    jobTemplate: some({ spec: some({ template }) }),
    volumes: anything,
  })
  const object = some({ metadata, spec, status: anything })
  return fc
    .record(
      {
        kind: fc.constantFrom('Pod', 'Pod', 'Deployment', 'CronJob', 'Namespace', 'Other'),
        object,
        oldObject: object,
      },
      { requiredKeys: ['kind', 'object'] },
    )
    .map(ask)
}
