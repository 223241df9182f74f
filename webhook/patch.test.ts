import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPod } from '#kube/pod.ts'
import { ShapeError } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import { applied, settings as base } from './golden.contract.ts'
import { patchPod } from './patch.ts'
import type { PatchSettings } from './settings.ts'
import { unpatchPod } from './unpatch.ts'

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
    name: fc.constantFrom('app', 'db', 'nsm-init', 'a/b~c', '__proto__'),
    image: fc.string(),
    restartPolicy: fc.constantFrom('Always', 'Never'),
    resources: fc.constantFrom(null, {}, { limits: { cpu: '1', memory: '1Gi' } }, { limits: null }),
    env: fc.constantFrom(null, [], [{ name: 'NS_NETWORKSERVICEMESH_IO', value: 'vpn-gateway' }]),
    future: fc.jsonValue(),
  },
  { requiredKeys: [] },
)

const anyContainers = fc.option(fc.array(anyContainer, { maxLength: 3 }))

const anyStatus = fc.oneof(
  fc.string(),
  fc.constant('{"version":1,"initContainers":["nsm-init"],"image":"x"}'),
  fc
    .record(
      {
        version: fc.constant(1),
        initContainers: fc.jsonValue(),
        made: fc.jsonValue(),
        annotations: fc.jsonValue(),
        replaced: fc.dictionary(
          fc.constantFrom(
            '/spec/initContainers',
            '/spec/containers',
            '/spec/dnsConfig',
            '/metadata',
            '/metadata/annotations',
          ),
          fc.jsonValue(),
        ),
      },
      { requiredKeys: ['version'] },
    )
    .map(status => JSON.stringify(status)),
  fc.constant(
    '{"version":1,"image":"x","containers":["app"],"made":["/metadata","/spec/initContainers"],"replaced":{"/spec":1,"/spec/dnsPolicy":"None"}}',
  ),
)

const anyAnnotations = fc.record(
  {
    'ns.networkservicemesh.io': anyAnnotation,
    'networkservicemesh.io': anyAnnotation,
    'networkservicemesh.io/inject': fc.constantFrom('true', 'false', 'no'),
    'networkservicemesh.io/mode': fc.constantFrom('init', 'sidecar', 'both'),
    'networkservicemesh.io/init-position': fc.constantFrom('first', 'last', 'before:db', 'after:app', 'x'),
    'networkservicemesh.io/cpu-limit': fc.constantFrom('1', '100m', '0', 'much'),
    'networkservicemesh.io/cpu-request': fc.constantFrom('1', '100m', '-1'),
    'networkservicemesh.io/image': fc.oneof(fc.constantFrom('a', 'a/b:c', 'A B'), fc.string()),
    'networkservicemesh.io/deadline': fc.oneof(fc.constantFrom('90s', '600h', '0'), fc.string()),
    'networkservicemesh.io/log-level': fc.constantFrom('debug', 'loud'),
    'networkservicemesh.io/status': anyStatus,
    'a/b~c': fc.string(),
  },
  { requiredKeys: [] },
)

const anyPod = fc.record(
  {
    metadata: fc.option(
      fc.record(
        { name: fc.string(), annotations: fc.option(anyAnnotations), future: fc.jsonValue() },
        { requiredKeys: [] },
      ),
    ),
    spec: fc.record(
      {
        containers: anyContainers,
        initContainers: anyContainers,
        hostNetwork: fc.boolean(),
        restartPolicy: fc.constantFrom('Always', 'Never'),
        dnsPolicy: fc.constantFrom('ClusterFirst', 'None'),
        future: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['spec'] },
)

const anyContext = fc.record(
  {
    inherited: fc.record({ 'ns.networkservicemesh.io': anyAnnotation }, { requiredKeys: [] }),
    settings: fc.record<PatchSettings>({
      ...constants(base),
      mode: fc.constantFrom('init', 'sidecar'),
      sidecars: fc.constantFrom('native', 'container'),
      limits: fc.constantFrom('always', 'when-guaranteed'),
      user: fc.constantFrom(65_532, undefined),
    }),
  },
  { requiredKeys: ['settings'] },
)

const settings = base
const runs = { numRuns: 4000, seed: 1 }

describe('patchPod()', () => {
  it('makes a patch that applies, is not needed twice, and can be taken back exactly; or refuses with a reason', () => {
    let injected = 0
    fc.assert(
      fc.property(anyPod, anyContext, (json, context) => {
        const before = JSON.stringify(json)
        const result = attempt(() => patchPod(readPod(json), context))
        expect(JSON.stringify(json)).toBe(before)
        if (result === undefined || result.patch.length === 0) return
        injected++
        const pod = readPod(applied(json, result.patch))
        expect(patchPod(pod, context)).toMatchObject({ patch: [], reasons: ['already-injected'] })
        const { pod: clean, patch } = unpatchPod(readPod(json))
        expect(unpatchPod(pod).pod).toEqual(clean)
        // Without an earlier status nothing may move, not even the order of keys.
        if (patch.length === 0 && !before.includes('/status'))
          expect(JSON.stringify(unpatchPod(pod).pod)).toBe(before)
        expect(applied(pod, unpatchPod(pod).patch)).toEqual(clean)
      }),
      runs,
    )
    expect(injected).toBeGreaterThan(200)
  })

  it('takes out the work of other settings before it renders anew', () => {
    fc.assert(
      fc.property(anyPod, anyContext, anyContext, (json, first, second) => {
        const once = attempt(() => patchPod(readPod(json), first))
        const fresh = attempt(() => patchPod(readPod(json), second))
        if (once === undefined || fresh === undefined || once.patch.length * fresh.patch.length === 0) return
        const pod = readPod(applied(json, once.patch))
        const again = readPod(applied(pod, patchPod(pod, second).patch))
        expect(again).toEqual(applied(json, fresh.patch))
      }),
      runs,
    )
  })

  it('throws nothing but a reason, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), json => void attempt(() => patchPod(readPod(json), { settings }))),
      { numRuns: 2000, seed: 1 },
    )
  })

  it('gives the same patch for the same pod', () => {
    const pod = {
      metadata: { annotations: { 'ns.networkservicemesh.io': 'a?x=1&y=2' } },
      spec: { containers: [] },
    }
    expect(patchPod(pod, { settings })).toEqual(patchPod(structuredClone(pod), { settings }))
  })

  it('limits CPU and memory of nsm-init in every pod when told to', () => {
    const pod = { metadata: { annotations: { 'ns.networkservicemesh.io': 'a' } }, spec: { containers: [] } }
    expect(JSON.stringify(patchPod(pod, { settings: { ...settings, limits: 'always' } }).patch)).toContain(
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

/** Settings that do not vary. */
function constants<T extends object>(value: T) {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fc.constant(item)])) as {
    readonly [K in keyof T]: fc.Arbitrary<T[K]>
  }
}
