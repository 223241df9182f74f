/** For tests: routing tables by what leads into them. */

/**
 * Dump lines in which the tables of our rules are named by the rules instead of by numbers, which depend on what there
 * was before: a policy keeps its table while others come and go.
 */
export function tablesByRules(lines: readonly string[]): readonly string[] {
  const selectors = new Map<string, string[]>()
  for (const line of lines) {
    const key = keyOf(line)
    if (!isOurRule(line) || key === undefined) continue
    selectors.set(key, [...(selectors.get(key) ?? []), selectorOf(line)])
  }
  return lines
    .map(line => {
      const rules = selectors.get(keyOf(line) ?? '')
      return rules === undefined ? line : named(line, rules.toSorted().join(', '))
    })
    .toSorted()
}

/** Namespace and table; RTA_TABLE and FRA_TABLE are both 15. */
function keyOf(line: string): string | undefined {
  const table = / 15=([0-9a-f]{8})/.exec(line)?.[1]
  return table === undefined ? undefined : `${line.slice(0, 1)} ${table}`
}

/** FRA_PROTOCOL 21 is ours. */
function isOurRule(line: string): boolean {
  return /^\d rule .* 21=4e/.test(line)
}

/** The family and what packets must be like, without the table and FRA_PRIORITY 6. */
function selectorOf(line: string): string {
  const [, , header = '', ...words] = line.split(' ')
  return [header.split('.')[0], ...words.filter(word => !/^(15|6)=/.test(word))].join(' ')
}

function named(line: string, rules: string): string {
  const [netns, word = '', header = '', ...words] = line.split(' ')
  const parts = header.split('.').map((part, at) => (at === 4 ? '*' : part))
  const kept = words.filter(one => !one.startsWith('15=') && !(word === 'rule' && one.startsWith('6=')))
  return `${netns} ${word} ${parts.join('.')} table [${rules}] ${kept.join(' ')}`
}
