import { describe, expect, it } from 'vitest'
import { areExactly, lacking, parsePrivileges } from './capabilities.ts'

/** NET_BROADCAST 11, NET_ADMIN 12, SYS_PTRACE 19, SYS_ADMIN 21. */
const four = '0000000000281800'
const all = '000001ffffffffff'
const none = '0000000000000000'
const wanted = ['NET_ADMIN', 'SYS_ADMIN', 'SYS_PTRACE', 'NET_BROADCAST'] as const

interface Sets {
  readonly inh?: string
  readonly prm?: string
  readonly eff?: string
  readonly bnd?: string
  readonly amb?: string
  readonly nnp?: string
}

/** The lines of a status file in the kernel's order. */
function status({ inh = none, prm = four, eff = four, bnd = four, amb = none, nnp = '1' }: Sets): string {
  return `Name:\tnode\nCapInh:\t${inh}\nCapPrm:\t${prm}\nCapEff:\t${eff}\nCapBnd:\t${bnd}\nCapAmb:\t${amb}\nNoNewPrivs:\t${nnp}\nSeccomp:\t0\n`
}

describe('areExactly()', () => {
  it.each<[string, Sets, boolean]>([
    ['the four and nothing else', {}, true],
    ['the four, inheritable and ambient', { inh: four, amb: four }, true],
    ['a larger bounding set, which grants nothing', { bnd: all }, true],
    ['root without limits', { prm: all, eff: all, bnd: all, nnp: '0' }, false],
    ['a way to more', { nnp: '0' }, false],
    ['more that is permitted', { prm: all }, false],
    ['less that is effective', { eff: none }, false],
    ['more that is inheritable', { inh: all }, false],
    ['more that is ambient', { amb: all }, false],
  ])('of %s', (_, sets, expected) => {
    expect(areExactly(parsePrivileges(status(sets)), wanted)).toBe(expected)
  })
})

describe('lacking()', () => {
  it.each<[string, Sets, readonly string[]]>([
    ['nothing of root', { prm: all }, []],
    ['nothing of the four', {}, []],
    ['all of nobody', { prm: none }, wanted],
    ['the one that is not permitted', { prm: '0000000000281000' }, ['NET_BROADCAST']],
  ])('finds %s', (_, sets, expected) => {
    expect(lacking(parsePrivileges(status(sets)), wanted)).toEqual(expected)
  })
})
