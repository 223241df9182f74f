import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Authority, Leaf } from './facts.ts'
import { afterStep, type ChangingStep, type Held, phaseOf } from './held.ts'
import { mayBeForgotten, nextStep, type RotationLimits } from './rotation.ts'

/**
 * Replicas, a Secret and a webhook configuration as plain data, and every way in which their reads and writes may follow
 * one another: each action below is one read or one write of one replica, a crash, a partition, or time.
 */
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const limits: RotationLimits = { authorityMs: 90 * day, leafMs: 9 * day, propagationMs: minute, beatMs: hour }
/** API servers use a bundle at most so much later than it was written. */
const lag = 50_000

interface Version {
  readonly at: number
  readonly trusted: readonly string[]
}

interface Replica {
  readonly name: string
  readonly cutOff: boolean
  readonly leaf?: Leaf
  readonly told?: { readonly leaf: string; readonly seen: number }
  /** Since when each authority has been seen in the configuration. */
  readonly since: ReadonlyMap<string, number>
  readonly trusts: readonly string[]
  /** A step that is decided and not yet written, and the version of the Secret that it was decided on. */
  readonly plan?: { readonly version: number; readonly held: Held } | undefined
  /** A patch of the configuration that is under way: what was read so far. */
  readonly patch?: { readonly version: number; readonly trusted?: readonly string[] } | undefined
}

class World {
  now = Date.UTC(2030, 0, 1)
  held: Held = { authorities: [], served: [] }
  version = 1
  versions: readonly Version[] = [{ at: this.now, trusted: [] }]
  replicas: readonly (Replica | undefined)[] = [undefined, undefined, undefined]
  made = 0
  /** When each authority ends. */
  readonly ends = new Map<string, number>()

  change(index: number, to: (replica: Replica) => Partial<Replica>): void {
    this.replicas = this.replicas.map((one, at) =>
      at === index && one !== undefined ? { ...one, ...to(one) } : one,
    )
  }

  write(version: number, held: Held): boolean {
    if (version !== this.version) return false
    this.held = held
    this.version += 1
    return true
  }

  start(index: number): void {
    if (this.replicas[index] !== undefined) return
    const fresh = { name: `pod-${index}`, cutOff: false, since: new Map(), trusts: [] }
    this.replicas = this.replicas.with(index, fresh)
  }

  stop(index: number): void {
    const name = this.replicas[index]?.name
    const served = this.held.served.filter(one => one.replica !== name)
    if (this.replicas[index]?.cutOff === false) this.write(this.version, { ...this.held, served })
    this.crash(index)
  }

  crash(index: number): void {
    this.replicas = this.replicas.with(index, undefined)
  }

  /** Reads the Secret, serves, tells, and decides. The write of the decision is another action. */
  round(index: number): void {
    const replica = this.replicas[index]
    if (replica === undefined || replica.cutOff) return
    const { leaf } = this.held
    if (leaf?.authority !== undefined) this.change(index, () => ({ leaf }))
    this.tell(index)
    const trusted = this.held.authorities.map(one => replica.since.get(one.fingerprint) ?? Infinity)
    const bundleMs = trusted.length === 0 ? -Infinity : this.now - Math.max(...trusted)
    const { step } = nextStep(
      this.held,
      {
        now: this.now,
        clock: 'right',
        bundleMs: Number.isFinite(bundleMs) ? bundleMs : undefined,
        names: ['a'],
      },
      limits,
    )
    if (step === 'wait') return
    const plan = { version: this.version, held: this.make(step) }
    this.change(index, () => ({ plan }))
  }

  tell(index: number): void {
    const replica = this.replicas[index]
    if (replica?.leaf === undefined) return
    const seen = Math.floor(this.now / limits.beatMs) * limits.beatMs
    const mine = this.held.served.find(one => one.replica === replica.name)
    const { leaf, name } = replica
    if (replica.told?.leaf === leaf.fingerprint && mine?.leaf === leaf.fingerprint && mine.seen === seen)
      return
    const others = this.held.served.filter(one => one.replica !== name)
    const own = {
      replica: name,
      leaf: leaf.fingerprint,
      authority: leaf.authority ?? '',
      until: leaf.notAfter,
      seen,
    }
    this.write(this.version, { ...this.held, served: [...others, own] })
    this.change(index, () => ({ told: { leaf: leaf.fingerprint, seen: this.now } }))
  }

  commit(index: number): void {
    const plan = this.replicas[index]?.plan
    if (plan === undefined || this.replicas[index]?.cutOff === true) return
    this.write(plan.version, plan.held)
    this.change(index, () => ({ plan: undefined }))
  }

  /** One third of publishing: read the configuration, then the Secret, then patch what has not changed. */
  publish(index: number): void {
    const replica = this.replicas[index]
    if (replica === undefined || replica.cutOff) return
    const { patch } = replica
    if (patch === undefined) return this.change(index, () => ({ patch: { version: this.versions.length } }))
    if (patch.trusted === undefined) {
      const trusted = this.held.authorities.map(one => one.fingerprint)
      return this.change(index, () => ({ patch: { ...patch, trusted } }))
    }
    const current = this.versions.at(-1)
    const differs = current?.trusted.join() !== patch.trusted.join()
    if (patch.version === this.versions.length && differs)
      this.versions = [...this.versions, { at: this.now, trusted: patch.trusted }]
    this.change(index, () => ({ patch: undefined }))
  }

  /** The watch tells of the present configuration. */
  look(index: number): void {
    const trusts = this.versions.at(-1)?.trusted ?? []
    if (this.replicas[index]?.cutOff === false)
      this.change(index, ({ since }) => ({
        trusts,
        since: new Map(trusts.map(one => [one, since.get(one) ?? this.now])),
      }))
  }

  make(step: ChangingStep): Held {
    this.made += 1
    const authority: Authority = {
      fingerprint: `authority ${this.made}`,
      notBefore: this.now,
      notAfter: this.now + limits.authorityMs,
      certificate: '',
      key: 'key',
    }
    this.ends.set(authority.fingerprint, authority.notAfter)
    const next = this.held.authorities.slice(1).find(one => one.key !== undefined)
    const signer = step === 'begin' ? authority : step === 'switch' ? next : this.held.authorities[0]
    const leaf: Leaf = {
      fingerprint: `leaf ${this.made}`,
      authority: signer?.fingerprint ?? '',
      notBefore: this.now,
      notAfter: Math.min(this.now + limits.leafMs, signer?.notAfter ?? 0),
      names: ['a'],
      certificate: '',
      key: '',
    }
    return afterStep(this.held, step, { authority, leaf })
  }

  /** As readyReason() of the program answers, from what the replica itself knows. */
  isReady({ leaf, told, trusts }: Replica): boolean {
    return (
      leaf !== undefined &&
      told?.leaf === leaf.fingerprint &&
      !mayBeForgotten(told.seen, this.now, limits) &&
      leaf.notAfter > this.now &&
      trusts.includes(leaf.authority ?? '')
    )
  }

  isReadyAt(index: number): boolean {
    const replica = this.replicas[index]
    return replica !== undefined && this.isReady(replica)
  }

  /** Replicas that say they are ready and that some API server would refuse. */
  refused(): readonly string[] {
    // An authority that has run out verifies nothing: a bundle of such is as good as none.
    const versions = this.versions.map(({ at, trusted }) => ({
      at,
      trusted: trusted.filter(one => (this.ends.get(one) ?? 0) > this.now),
    }))
    return this.replicas.flatMap(replica => {
      if (replica?.leaf === undefined || !this.isReady(replica)) return []
      const signer = replica.leaf.authority ?? ''
      const possible = versions.filter(
        ({ trusted }, index) =>
          (versions[index + 1]?.at ?? Infinity) > this.now - lag &&
          // Where nothing could be verified before, nothing is lost while the first bundle spreads.
          !(trusted.length === 0 && versions.slice(0, index).every(before => before.trusted.length === 0)),
      )
      return possible.every(({ trusted }) => trusted.includes(signer))
        ? []
        : [`${replica.name} serves ${signer}`]
    })
  }
}

const deeds = {
  round: (world, index) => world.round(index),
  commit: (world, index) => world.commit(index),
  publish: (world, index) => world.publish(index),
  look: (world, index) => world.look(index),
  start: (world, index) => world.start(index),
  stop: (world, index) => world.stop(index),
  crash: (world, index) => world.crash(index),
  cutOff: (world, index) => world.change(index, ({ cutOff }) => ({ cutOff: !cutOff })),
  /** All of the above that a replica does, one after the other. */
  work: (world, index) => work(world, index),
  wait: (world, ms) => {
    world.now += ms
  },
  /** A rotation that somebody orders. */
  rotate: world => {
    if (phaseOf(world.held) === 'stable') world.write(world.version, world.make('announce'))
  },
} as const satisfies Record<string, (world: World, operand: number) => void>

/** What is done, and by which replica or for how long. */
type Action = readonly [keyof typeof deeds, number]

function act(world: World, [name, operand]: Action): void {
  deeds[name](world, operand)
}

const by = (weight: number, name: keyof typeof deeds) => ({
  weight,
  arbitrary: fc.tuple(fc.constant(name), fc.nat({ max: 2 })),
})

const times = fc.constantFrom(5000, 30_000, minute, 30 * minute, hour, day, 10 * day, 40 * day)

const actions: fc.Arbitrary<readonly Action[]> = fc.array(
  fc.oneof(
    by(24, 'work'),
    by(8, 'round'),
    by(4, 'commit'),
    by(8, 'publish'),
    by(4, 'look'),
    by(3, 'start'),
    by(1, 'stop'),
    by(1, 'crash'),
    by(2, 'cutOff'),
    by(4, 'rotate'),
    { weight: 8, arbitrary: fc.tuple(fc.constant('wait' as const), times) },
  ),
  { minLength: 50, maxLength: 400 },
)

function work(world: World, index: number): void {
  world.look(index)
  world.round(index)
  world.commit(index)
  for (let third = 0; third < 3; third++) world.publish(index)
}

/** One dies and stays dead; the others work for as long as it may take until the dead are forgotten. */
function heal(world: World): void {
  world.crash(2)
  for (const index of [0, 1]) {
    world.start(index)
    world.change(index, () => ({ cutOff: false }))
  }
  for (let minutes = 0; minutes < 6 * 60; minutes++) {
    world.now += minute
    for (const index of [0, 1]) work(world, index)
  }
}

it('an API server never refuses a replica that says it is ready, whatever happens in whatever order', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(actions, list => {
      const world = new World()
      world.start(0)
      for (const action of list) {
        act(world, action)
        expect(world.refused()).toEqual([])
      }
    }),
    { numRuns: 1000 },
  )
})

it('no order of events leads to a state that is not left: everybody serves, and is trusted, in the end', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(actions, list => {
      const world = new World()
      world.start(0)
      for (const action of list) act(world, action)
      heal(world)
      expect(phaseOf(world.held)).toBe('stable')
      expect([0, 1].every(index => world.isReadyAt(index))).toBe(true)
      expect(world.versions.at(-1)?.trusted).toEqual(world.held.authorities.map(one => one.fingerprint))
    }),
    { numRuns: 100 },
  )
})
