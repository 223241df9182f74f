import { flag } from './codec/message.ts'
import { decodeRule, encodeRule, encodeRuleDump } from './codec/rule.ts'
import { isKernelError } from './errors.ts'
import type { Place } from './place.ts'
import type { RuleValue, RuleVerbs } from './port.ts'
import { isSameRule, ruleInWords } from './same.ts'
import type { Request } from './socket.ts'

/** The verbs of policy rules in one namespace. */
export function ruleVerbs({ socket, where }: Place): RuleVerbs {
  const list = () =>
    socket
      .dump({ name: 'RTM_GETRULE', body: encodeRuleDump(), doing: `listing rules ${where}` })
      .map(({ body }) => decodeRule(body))
      .filter(rule => rule !== undefined)
  const request = (name: Request['name'], rule: RuleValue): Request => ({
    name,
    body: encodeRule(rule),
    doing: `${name === 'RTM_NEWRULE' ? 'adding' : 'removing'} rule ${ruleInWords(rule)} ${where}`,
  })
  return {
    list,

    add(rule) {
      try {
        socket.change({ ...request('RTM_NEWRULE', rule), flags: flag.create | flag.exclusive })
      } catch (cause) {
        const present = isKernelError(cause, 'EEXIST') && list().some(other => isSameRule(rule, other))
        if (!present) throw cause
      }
    },

    remove(rule) {
      try {
        socket.change(request('RTM_DELRULE', rule))
      } catch (cause) {
        if (!isKernelError(cause, 'ENOENT')) throw cause
      }
    },
  }
}
