/** Why the machine cannot have something, and what its user can do. */
export class Impossible extends Error {}

/** Says what takes long, on standard error. */
export function say(text: string): void {
  process.stderr.write(`nsm: ${text} ...\n`)
}
