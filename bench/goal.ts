/** A number that a benchmark is to reach, and what it was. */
export interface Goal {
  readonly name: string
  readonly found: string
  readonly met: boolean
}

/** A goal of numbers that have to be so high. */
export function atLeast(name: string, found: readonly number[], goal: number): Goal {
  return { name: `${name} >= ${goal}`, found: inWords(found), met: found.every(one => one >= goal) }
}

/** A goal of numbers that have to be so low. */
export function atMost(name: string, found: readonly number[], goal: number): Goal {
  return { name: `${name} <= ${goal}`, found: inWords(found), met: found.every(one => one <= goal) }
}

function inWords(numbers: readonly number[]): string {
  return numbers.map(number => (number < 10 ? number.toFixed(2) : number.toFixed(0))).join(' ')
}
