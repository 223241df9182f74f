import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import type { EndpointRecord } from '#registry/registry.ts'
import { PodSchema } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import {
  type NetworkService,
  NetworkServiceEndpointSchema,
  NetworkServiceSchema,
} from '#sdk/wire/gen/registry/registry_pb.ts'
import { RoundRobin } from './round-robin.ts'
import { select } from './select.ts'

type Labels = Record<string, string>

function offering(name: string, labels: Labels): EndpointRecord {
  return {
    endpoint: create(NetworkServiceEndpointSchema, {
      name,
      networkServiceNames: ['web'],
      networkServiceLabels: { web: { labels } },
    }),
    pod: create(PodSchema),
    pid: 0,
    node: 'node-1',
    workspace: 'w',
  }
}

/** Endpoints nse-1 … nse-n, each with the label of its number. */
function numbered(count: number): readonly EndpointRecord[] {
  return Array.from({ length: count }, (_, index) => offering(`nse-${index + 1}`, numberedLabels(index + 1)))
}

function numberedLabels(...numbers: readonly number[]): Labels {
  return Object.fromEntries(numbers.map(number => [`label${number}`, `value${number}`]))
}

interface TestMatch {
  readonly source: Labels
  readonly routes: readonly Labels[]
}

function serviceWith(matches: readonly TestMatch[]): NetworkService {
  return create(NetworkServiceSchema, {
    name: 'web',
    matches: matches.map(({ source, routes }) => ({
      sourceSelector: source,
      routes: routes.map(destinationSelector => ({ destinationSelector })),
    })),
  })
}

/** Matches 1 … n, each from the label of its number to the label of its number; some replaced. */
function numberedMatches(
  count: number,
  replaced: Readonly<Record<number, TestMatch>> = {},
): readonly TestMatch[] {
  return Array.from(
    { length: count },
    (_, index) =>
      replaced[index + 1] ?? { source: numberedLabels(index + 1), routes: [numberedLabels(index + 1)] },
  )
}

const both = { ...numberedLabels(1), ...numberedLabels(2) }
const union: readonly TestMatch[] = [{ source: both, routes: [numberedLabels(1), numberedLabels(2)] }]
const exchanged: readonly TestMatch[] = [{ source: both, routes: [numberedLabels(2), numberedLabels(1)] }]
const three = { source: numberedLabels(10, 20, 30), routes: [numberedLabels(10), { label221: 'value1' }] }
const many = [...numbered(500), offering('nse-extra', { label221: 'value1' })]
const templated: readonly TestMatch[] = [{ source: {}, routes: [{ nodeName: '{{index . "nodeName"}}' }] }]
const byApp: readonly TestMatch[] = [{ source: { app: '{{.app}}' }, routes: [{ app: '{{ .app }}' }] }]

/**
 * NSM v0.2's table: one selector, so that turns carry over from row to row. There one counter serves all
 * matches of a service; here each match has its own, so the first pass over a match begins with its first candidate.
 */
const table: readonly {
  readonly story: string
  readonly matches: readonly TestMatch[]
  readonly endpoints: readonly EndpointRecord[]
  readonly labels: Labels
  readonly chosen: string | undefined
}[] = [
  { story: 'no matches: round robin', matches: [], endpoints: numbered(3), labels: {}, chosen: 'nse-1' },
  { story: 'no matches: the second pass', matches: [], endpoints: numbered(3), labels: {}, chosen: 'nse-2' },
  {
    story: 'matches, but a client without labels',
    matches: numberedMatches(1),
    endpoints: numbered(3),
    labels: {},
    chosen: undefined,
  },
  {
    story: 'label1',
    matches: numberedMatches(2),
    endpoints: numbered(3),
    labels: numberedLabels(1),
    chosen: 'nse-1',
  },
  {
    story: 'label2',
    matches: numberedMatches(3),
    endpoints: numbered(5),
    labels: numberedLabels(2),
    chosen: 'nse-2',
  },
  {
    story: 'label12 is not confused with label1',
    matches: numberedMatches(42),
    endpoints: numbered(24),
    labels: numberedLabels(12),
    chosen: 'nse-12',
  },
  {
    story: 'a match whose endpoint is not there',
    matches: numberedMatches(42),
    endpoints: numbered(24),
    labels: numberedLabels(42),
    chosen: undefined,
  },
  {
    story: 'two labels, a union of two routes',
    matches: union,
    endpoints: numbered(2),
    labels: both,
    chosen: 'nse-2',
  },
  { story: 'two labels, second pass', matches: union, endpoints: numbered(2), labels: both, chosen: 'nse-1' },
  { story: 'two labels, third pass', matches: union, endpoints: numbered(2), labels: both, chosen: 'nse-2' },
  {
    story: 'the routes in the other order',
    matches: exchanged,
    endpoints: numbered(2),
    labels: both,
    chosen: 'nse-1',
  },
  {
    story: 'the routes in the other order, second pass',
    matches: exchanged,
    endpoints: numbered(2),
    labels: both,
    chosen: 'nse-2',
  },
  {
    story: 'three labels',
    matches: numberedMatches(10, { 10: three }),
    endpoints: many,
    labels: numberedLabels(10, 20, 30),
    chosen: 'nse-10',
  },
  {
    story: 'three labels, second pass',
    matches: numberedMatches(10, { 10: three }),
    endpoints: many,
    labels: numberedLabels(10, 20, 30),
    chosen: 'nse-extra',
  },
  {
    story: 'a selector was for the client, but has no candidate: the wildcard is not for it',
    matches: [
      { source: { app: 'a' }, routes: [{ app: 'missing' }] },
      { source: {}, routes: [{ label1: 'value1' }] },
    ],
    endpoints: numbered(1),
    labels: { app: 'a' },
    chosen: undefined,
  },
  {
    story: 'a template over nodeName',
    matches: templated,
    endpoints: [offering('here', { nodeName: 'n1' }), offering('there', { nodeName: 'n2' })],
    labels: { nodeName: 'n2' },
    chosen: 'there',
  },
  {
    story: 'a template over app',
    matches: byApp,
    endpoints: [offering('a', { app: 'a' }), offering('b', { app: 'b' })],
    labels: { app: 'b' },
    chosen: 'b',
  },
]

describe('select', () => {
  const turns = new RoundRobin()
  // The union has been asked for once before, as in the original table.
  turns.next('1-nse-1,nse-2', ['', ''])

  it.each(table)(
    'select() and turns choose $chosen when: $story',
    ({ matches, endpoints, labels, chosen }) => {
      const { candidates, match } = select(serviceWith(matches), endpoints, labels)
      const key = `${match}-${candidates.map(({ endpoint }) => endpoint.name).join(',')}`
      expect(turns.next(key, candidates)[0]?.endpoint.name).toBe(chosen)
    },
  )

  it('select() sends the clients of the secure intranet by turns through firewall, passthrough and gateway', () => {
    const intranet = serviceWith([
      { source: { app: 'firewall' }, routes: [{ app: 'passthrough-1' }] },
      { source: { app: 'passthrough-1' }, routes: [{ app: 'vpn-gateway' }] },
      { source: {}, routes: [{ app: 'firewall' }] },
    ])
    const endpoints = ['firewall', 'passthrough-1', 'vpn-gateway'].map(app => offering(app, { app }))
    const chosen = (labels: Labels) =>
      select(intranet, endpoints, labels).candidates.map(({ endpoint }) => endpoint.name)
    expect(chosen({})).toEqual(['firewall'])
    expect(chosen({ app: 'firewall' })).toEqual(['passthrough-1'])
    expect(chosen({ app: 'passthrough-1' })).toEqual(['vpn-gateway'])
    const without = endpoints.filter(({ endpoint }) => endpoint.name !== 'passthrough-1')
    expect(select(intranet, without, { app: 'firewall' }).candidates).toEqual([])
  })

  it('select() takes a later match with a selector when an earlier one has no candidate', () => {
    const matches = [
      { source: { app: 'a' }, routes: [{ app: 'missing' }] },
      { source: { app: 'a' }, routes: [{ app: 'b' }] },
    ]
    expect(select(serviceWith(matches), [offering('b', { app: 'b' })], { app: 'a' })).toMatchObject({
      match: 2,
    })
  })

  it('select() lets an empty selector value match a label that is missing', () => {
    const matches = [{ source: { zone: '' }, routes: [{ canary: '' }] }]
    const endpoints = [offering('plain', {}), offering('canary', { canary: 'yes' })]
    expect(
      select(serviceWith(matches), endpoints, {}).candidates.map(({ endpoint }) => endpoint.name),
    ).toEqual(['plain'])
    expect(select(serviceWith(matches), endpoints, { zone: 'a' }).candidates).toEqual([])
  })

  it('select() passes over a match with a bad template and says so', () => {
    const matches = [
      { source: {}, routes: [{ app: '{{ range . }}' }] },
      { source: {}, routes: [{ app: 'b' }] },
    ]
    const { candidates, tried } = select(serviceWith(matches), [offering('b', { app: 'b' })], {})
    expect(candidates).toHaveLength(1)
    expect(tried[0]).toContain('{{range .}}')
  })

  it('select() names what each match looked for', () => {
    const matches = [
      { source: { app: 'x' }, routes: [] },
      { source: {}, routes: [{ app: 'a' }, { app: 'b', tier: 'c' }] },
    ]
    expect(select(serviceWith(matches), numbered(1), {}).tried).toEqual([
      'match 1 is for clients with app=x',
      'match 2 looks for endpoints with app=a or app=b,tier=c, and there is none',
    ])
  })
})
