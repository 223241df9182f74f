import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Authority, Leaf } from '#certs/facts.ts'
import { afterStep, type ChangingStep, type Held, phaseOf } from '#certs/held.ts'
import { headStart } from '#certs/made-at.ts'
import { type IssuerLimits, nextOfIssuer } from './next.ts'

/**
 * An issuer, its replicas' writes, managers that enrol when they please or not at all, and time, as plain data. Replicas decide
 * on what they have read, however long ago, and the API server refuses all but the first that writes.
 */
const minute = 60_000
const day = 24 * 60 * minute
const limits: IssuerLimits = {
  authorityMs: 30 * day,
  leafMs: 10 * day,
  certificateMs: day,
  propagationMs: 5 * minute,
  beatMs: 60 * minute,
}

interface Certified {
  readonly by: string
  readonly until: number
  readonly trusts: readonly string[]
}

interface Look {
  readonly held: Held
  readonly version: number
  readonly publishedAt: number | undefined
  readonly at: number
}

class World {
  now = Date.UTC(2030, 0, 1)
  held: Held = { authorities: [], served: [] }
  version = 1
  published = { bundle: '', at: 0 }
  made = 0
  readonly looks: (Look | undefined)[] = [undefined, undefined]
  readonly managers: (Certified | undefined)[] = [undefined, undefined, undefined, undefined]
  readonly phases = new Set<string>()

  /** A replica publishes what it reads, and remembers it. */
  look(replica: number): void {
    const bundle = this.held.authorities.map(({ fingerprint }) => fingerprint).join()
    if (bundle !== this.published.bundle) this.published = { bundle, at: this.now }
    this.looks[replica] = {
      held: this.held,
      version: this.version,
      publishedAt: this.published.at,
      at: this.now,
    }
  }

  /** A replica takes the step that was due when it looked. */
  step(replica: number): void {
    const look = this.looks[replica]
    this.looks[replica] = undefined
    if (look === undefined) return
    const seen = {
      now: look.at,
      clock: 'right',
      publishedAt: look.publishedAt,
      names: ['issuer'],
    } as const
    const { step } = nextOfIssuer(look.held, seen, limits)
    if (step === 'wait' || look.version !== this.version) return
    this.held = this.after(look.held, step)
    this.version += 1
    this.phases.add(phaseOf(this.held))
  }

  after(held: Held, step: ChangingStep): Held {
    const authority = step === 'begin' || step === 'announce' ? this.authority() : undefined
    const next = held.authorities.slice(1).find(({ key }) => key !== undefined)
    const signer = step === 'begin' ? authority : step === 'switch' ? next : held.authorities[0]
    const leaf =
      step === 'announce' || step === 'drop' || signer === undefined ? undefined : this.leaf(signer)
    return afterStep(held, step, {
      ...(authority === undefined ? {} : { authority }),
      ...(leaf === undefined ? {} : { leaf }),
    })
  }

  authority(): Authority {
    this.made += 1
    const name = `authority-${this.made}`
    return { fingerprint: name, certificate: name, key: name, ...this.life(limits.authorityMs) }
  }

  leaf(signer: Authority): Leaf {
    this.made += 1
    const { notBefore, notAfter } = this.life(limits.leafMs)
    const name = `leaf-${this.made}`
    return {
      fingerprint: name,
      authority: signer.fingerprint,
      certificate: name,
      key: name,
      names: ['issuer'],
      notBefore,
      notAfter: Math.min(notAfter, signer.notAfter),
    }
  }

  life(lifeMs: number) {
    return { notBefore: this.now - headStart(lifeMs), notAfter: this.now + lifeMs }
  }

  enrol(manager: number): void {
    const [signer] = this.held.authorities
    if (signer?.key === undefined || signer.notAfter <= this.now) return
    this.managers[manager] = {
      by: signer.fingerprint,
      until: Math.min(this.now + limits.certificateMs, signer.notAfter),
      trusts: this.held.authorities.map(({ fingerprint }) => fingerprint),
    }
  }

  /** Pairs of managers with valid certificates of which one does not believe the other. */
  strangers(): readonly string[] {
    const valid = this.managers.flatMap(one => (one !== undefined && one.until > this.now ? [one] : []))
    return valid.flatMap(one =>
      valid.flatMap(other =>
        other.trusts.includes(one.by) ? [] : [`${one.by} is not in ${other.trusts.join()}`],
      ),
    )
  }
}

const action = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('look' as const), who: fc.nat({ max: 1 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('step' as const), who: fc.nat({ max: 1 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('enrol' as const), who: fc.nat({ max: 3 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      who: fc.integer({ min: 1, max: 2 * 24 * 60 }),
    }),
  },
)

it('managers with valid certificates believe each other, whoever looks, writes and enrols, and whenever', () => {
  const phases = new Set<string>()
  fc.assert(
    fc.property(fc.array(action, { minLength: 100, maxLength: 400 }), actions => {
      const world = new World()
      world.look(0)
      world.step(0)
      for (const { kind, who } of actions) {
        if (kind === 'look') world.look(who)
        else if (kind === 'step') world.step(who)
        else if (kind === 'enrol') world.enrol(who)
        else world.now += who * minute
        expect(world.strangers()).toEqual([])
      }
      for (const phase of world.phases) phases.add(phase)
    }),
    { numRuns: 300 },
  )
  expect([...phases].toSorted()).toEqual(['announced', 'stable', 'switched'])
})

it('a rotation ends, in twice the life of a certificate and what it takes to publish', () => {
  const world = new World()
  const begun = world.now
  const times = new Map<string, number>()
  while (!times.has('switched') || phaseOf(world.held) !== 'stable') {
    world.look(0)
    world.step(0)
    const phase = phaseOf(world.held)
    if (!times.has(phase)) times.set(phase, world.now - begun)
    world.now += minute
    expect(world.now - begun).toBeLessThan(40 * day)
  }
  const days = (times.get('announced') ?? 0) / day
  expect(days).toBeCloseTo(20, 1)
  expect((world.now - begun) / day).toBeCloseTo(22, 1)
})
