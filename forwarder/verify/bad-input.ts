import { create } from '@bufbuild/protobuf'
import { type Connection, ConnectionSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { ConnectionContextSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { netnsParameters, parameter } from '#sdk/wire/mechanism.ts'
import { type Check, forEachKind, forNetworks, forPairs } from './check.ts'
import type { Need } from './ground.ts'

type Change = (message: CrossConnect) => CrossConnect

const rows: readonly (readonly [what: string, change: Change])[] = [
  ['no id', message => ({ ...message, id: '' })],
  ['a control character in the id', message => ({ ...message, id: 'a\nb' })],
  ['an id of 300 bytes', message => ({ ...message, id: 'x'.repeat(300) })],
  ['an unknown payload', message => ({ ...message, payload: 'SMOKE' })],
  ['no source', ({ source: _source, ...message }) => message],
  ['no destination', ({ destination: _destination, ...message }) => message],
  ['a source without a mechanism', source(({ mechanism: _mechanism, ...end }) => end)],
  ['an unknown type of mechanism', source(end => typed(end, 'PIGEON'))],
  ['no namespace', source(end => parameters(end, { [parameter.netnsCookie]: '' }))],
  ['a namespace that is no number', source(end => parameters(end, { [parameter.netnsCookie]: '0x7' }))],
  ['no interface name', source(end => parameters(end, { [parameter.name]: '' }))],
  ['an interface name of 16 bytes', source(end => parameters(end, { [parameter.name]: 'n'.repeat(16) }))],
  ['an interface name with a slash', source(end => parameters(end, { [parameter.name]: 'a/b' }))],
]

const pairRows: readonly (readonly [what: string, change: Change])[] = [
  ['an address that is none', source(end => addressed(end, '10.201.1.300/30'))],
  ['an address without a prefix length', source(end => addressed(end, '10.201.1.1'))],
  ['a prefix length of 33', source(end => addressed(end, '10.201.1.1/33'))],
]

/** What a forwarder does with messages that no manager of ours sends; all that it is told comes over a wire. */
export const badInput: readonly Check[] = [
  ...rows.flatMap(([what, change]) =>
    forEachKind(`Request refuses ${what}`, async (trial, kind) => {
      const wish = trial.wish(kind)
      const asked = trial.ask(change(trial.message(wish)))
      await trial.expectRefusal(what, asked, 'BAD_INPUT', 'UNSUPPORTED')
      trial.expectBare(wish.client, wish.endpoint)
    }),
  ),
  ...pairRows.map(([what, change]) =>
    forPairs(`Request refuses ${what}`, async trial => {
      const wish = trial.wish('pair')
      await trial.expectRefusal(what, trial.ask(change(trial.message(wish))), 'BAD_INPUT')
      trial.expectBare(wish.client, wish.endpoint)
    }),
  ),
  forNetworks('Request refuses a network that it does not have', async trial => {
    const wish = trial.wish('network')
    const message = trial.message(wish)
    const destination = parameters(message.destination ?? create(ConnectionSchema), {
      [parameter.network]: 'no-such',
    })
    const asked = trial.ask({ ...message, destination })
    await trial.expectRefusal('an unknown network', asked, 'BAD_INPUT', 'UNSUPPORTED', 'NOT_FOUND')
    trial.expectBare(wish.client)
  }),
  ...forEachKind(
    'Request refuses the namespace of the node',
    async (trial, kind) => {
      const wish = trial.wish(kind)
      const own = netnsParameters(trial.ground.own ?? wish.client)
      const change = source(end => parameters(end, { ...own, [parameter.name]: 'nsm-verify' }))
      await trial.expectRefusal('the node’s own namespace', trial.ask(change(trial.message(wish))))
      trial.expectBare(wish.endpoint)
    },
    ...(['own'] as const satisfies readonly Need[]),
  ),
]

function source(change: (end: Connection) => Connection): Change {
  return message => ({ ...message, source: change(message.source ?? create(ConnectionSchema)) })
}

function typed(end: Connection, type: string): Connection {
  return end.mechanism === undefined ? end : { ...end, mechanism: { ...end.mechanism, type } }
}

function parameters(end: Connection, changed: Readonly<Record<string, string>>): Connection {
  if (end.mechanism === undefined) return end
  const kept = { ...end.mechanism.parameters, ...changed }
  return { ...end, mechanism: { ...end.mechanism, parameters: kept } }
}

function addressed(end: Connection, cidr: string): Connection {
  return { ...end, context: create(ConnectionContextSchema, { ipContext: { srcIpAddrs: [cidr] } }) }
}
