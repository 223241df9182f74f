import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPod } from '#kube/pod.ts'
import { ShapeError } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import { applied, settings } from './golden.contract.ts'
import { patchPod } from './patch.ts'

const anyAnnotation = fc.oneof(
  fc.constantFrom(
    'vpn-gateway',
    'red/red0,blue/blue0',
    'secure-intranet?app=firewall',
    'kernel://a@b/c?d=e%2Cf',
    'a/b/c',
    '',
  ),
  fc.string(),
)

const anyContainer = fc.record(
  {
    name: fc.constantFrom('app', 'nsm-init', 'a/b~c', '__proto__'),
    image: fc.string(),
    resources: fc.constantFrom(null, {}, { limits: { cpu: '1', memory: '1Gi' } }, { limits: null }),
    env: fc.constantFrom(null, [], [{ name: 'NS_NETWORKSERVICEMESH_IO', value: 'vpn-gateway' }]),
    future: fc.jsonValue(),
  },
  { requiredKeys: [] },
)

const anyPod = fc.record(
  {
    metadata: fc.record(
      {
        name: fc.string(),
        annotations: fc.record(
          {
            'ns.networkservicemesh.io': anyAnnotation,
            'networkservicemesh.io': anyAnnotation,
            'networkservicemesh.io/inject': fc.constantFrom('true', 'false', 'no'),
            'networkservicemesh.io/status': fc.oneof(
              fc.string(),
              fc.constant('{"version":1,"initContainers":["nsm-init"],"image":"x"}'),
            ),
            'a/b~c': fc.string(),
          },
          { requiredKeys: [] },
        ),
        future: fc.jsonValue(),
      },
      { requiredKeys: ['annotations'] },
    ),
    spec: fc.record(
      {
        containers: fc.array(anyContainer, { maxLength: 2 }),
        initContainers: fc.option(fc.array(anyContainer, { maxLength: 2 })),
        hostNetwork: fc.boolean(),
        future: fc.jsonValue(),
      },
      { requiredKeys: ['containers'] },
    ),
  },
  { requiredKeys: ['metadata', 'spec'] },
)

describe('patchPod()', () => {
  it('makes a patch that applies, adds nothing but its own, and is not needed twice; or refuses with a reason', () => {
    fc.assert(
      fc.property(anyPod, json => {
        const before = JSON.stringify(json)
        const result = attempt(() => patchPod(readPod(json), settings))
        expect(JSON.stringify(json)).toBe(before)
        if (result === undefined || result.patch.length === 0) return
        const newDocument = applied(json, result.patch)
        expect(withoutOurs(newDocument, json)).toBe(before)
        expect(patchPod(readPod(newDocument), settings)).toMatchObject({
          patch: [],
          reasons: ['already-injected'],
        })
      }),
      { numRuns: 2000, seed: 1 },
    )
  })

  it('throws nothing but a reason, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), json => void attempt(() => patchPod(readPod(json), settings))),
      { numRuns: 2000, seed: 1 },
    )
  })

  it('gives the same patch for the same pod', () => {
    const pod = {
      metadata: { annotations: { 'ns.networkservicemesh.io': 'a?x=1&y=2' } },
      spec: { containers: [] },
    }
    expect(patchPod(pod, settings)).toEqual(patchPod(structuredClone(pod), settings))
  })

  it('limits CPU and memory of nsm-init in every pod when told to', () => {
    const pod = { metadata: { annotations: { 'ns.networkservicemesh.io': 'a' } }, spec: { containers: [] } }
    expect(JSON.stringify(patchPod(pod, { ...settings, limits: 'always' }).patch)).toContain(
      '"limits":{"cpu":"200m","memory":"64Mi","networkservicemesh.io/socket":"1"}',
    )
  })
})

/** The outcome, or undefined for a refusal. */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (thrown) {
    if (thrown instanceof NsmError || thrown instanceof ShapeError) return undefined
    throw thrown
  }
}

/** The JSON text of a patched pod with our container and status taken back to what was there before. */
function withoutOurs(patched: unknown, before: unknown): string {
  const original = loose(before)
  const { metadata, spec } = loose(patched)
  const status = original.metadata.annotations['networkservicemesh.io/status']
  if (status === undefined) delete metadata.annotations['networkservicemesh.io/status']
  else metadata.annotations['networkservicemesh.io/status'] = status
  const own = (spec.initContainers ?? []).findIndex(({ name }) => name === 'nsm-init')
  const replaced = (original.spec.initContainers ?? []).find(({ name }) => name === 'nsm-init')
  spec.initContainers?.splice(own, 1, ...(replaced === undefined ? [] : [replaced]))
  if (original.spec.initContainers === null) spec.initContainers = null
  if (original.spec.initContainers === undefined) delete spec.initContainers
  return JSON.stringify({ metadata, spec })
}

function loose(json: unknown): Loose {
  const copy: Loose = JSON.parse(JSON.stringify(json))
  return copy
}

interface Loose {
  readonly metadata: { readonly annotations: Record<string, string> }
  readonly spec: { initContainers?: { readonly name?: string }[] | null }
}
