import type { CertificateStatus } from '#certs/status.ts'
import { table } from '#cli/output/table.ts'

/** The status as tables: authorities and leaf, replicas, entries of the webhook configuration. */
export function statusTables(status: CertificateStatus): string {
  const { phase, authorities, leaf, replicas, configuration } = status
  return [
    phase === 'empty' && leaf !== undefined
      ? 'nothing here can sign, so this is not rotated by nsm\n'
      : `phase: ${phase}\n`,
    table(
      ['KIND', 'FINGERPRINT', 'ROLE', 'NOT BEFORE', 'NOT AFTER', 'DAYS LEFT', 'NAMES'],
      [
        ...authorities.map(one => ['authority', one.fingerprint, one.role, ...times(one), '']),
        ...(leaf === undefined
          ? []
          : [['leaf', leaf.fingerprint, 'served', ...times(leaf), leaf.names.join(',')]]),
      ],
    ),
    ...(replicas.length > 0
      ? [
          table(
            ['REPLICA', 'LEAF', 'SERVES', 'SEEN', 'STATE'],
            replicas.map(one => [one.name, one.leaf, one.serves, one.seen, one.state]),
          ),
        ]
      : []),
    ...(configuration === undefined
      ? []
      : [
          table(
            ['ENTRY', 'TRUSTS', 'ACCEPTS THE LEAF'],
            configuration.entries.map(one => [
              one.name,
              one.authorities.join(',') || 'nobody',
              one.refuses === '' ? 'yes' : `no: ${one.refuses}`,
            ]),
          ),
        ]),
  ].join('\n')
}

function times(one: {
  readonly notBefore: string
  readonly notAfter: string
  readonly daysLeft: number
}): readonly string[] {
  return [one.notBefore.slice(0, 19), one.notAfter.slice(0, 19), String(one.daysLeft)]
}
