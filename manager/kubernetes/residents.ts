import type { Door, Peer } from '#manager/identity.ts'
import type { Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { Admission } from './admission.ts'
import { Endings, type EndingsOptions } from './endings.ts'

/** What keeping the pods of a node depends on. */
export interface ResidentsOptions extends Omit<EndingsOptions, 'withdraw' | 'onForgotten'> {
  /** Withdraws a pod's endpoints, moves their clients to others, and ends the pod's own connections. */
  readonly podGone: (pod: Pod) => Promise<void>
  /** Withdraws a pod's endpoints alone. */
  readonly podEnds: (pod: Pod) => Promise<void>
}

/** The pods of this node that use the mesh: known from their first call on, and forgotten when they have ended. */
export class Residents implements AsyncDisposable {
  readonly #options: ResidentsOptions
  readonly #admission: Admission
  #endings: Endings | undefined

  constructor(options: ResidentsOptions) {
    this.#options = options
    this.#admission = new Admission({ ...options, leaveNamespace: options.podGone })
  }

  /** Begins to forget; before, nothing that was remembered may be judged. */
  begin(): void {
    const options = this.#options
    this.#endings = new Endings({
      ...options,
      withdraw: options.podEnds,
      onForgotten: uid => this.#admission.forget(uid),
    })
  }

  /** Makes the pod of a caller known. DENIED when nobody vouches for it. */
  async admit(peer: Peer, door: Door): Promise<void> {
    await this.#admission.admit(peer, door)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endings?.[Symbol.asyncDispose]()
  }
}
