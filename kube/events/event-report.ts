/** The object that an Event is about. */
export interface Regarding {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** Absent while the API server has not made the object yet. */
  readonly uid?: string
}

/** What an Event says, and about what. */
export interface EventReport {
  readonly regarding: Regarding
  readonly type: 'Normal' | 'Warning'
  /** In one word, for machines: at most 128 characters. */
  readonly reason: string
  /** At most 1024 bytes, which `shortNote` sees to. */
  readonly note: string
}

/** Which process says so. */
export interface Reporter {
  /** Name of the program, as `networkservicemesh.io/webhook`. */
  readonly controller: string
  /** Name of its pod; not empty, because the API server wants one. */
  readonly instance: string
  /** What it was doing, in one word. */
  readonly action: string
}
