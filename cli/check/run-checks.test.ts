import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { KubeApiError } from '#kube/api.ts'
import { fakeApi } from '#kube/fake-api.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Check, Finding } from './check.ts'
import { checks } from './checks.ts'
import { factsOf } from './facts.ts'
import { listAll } from './list-all.ts'
import { resultJson, resultTable } from './print-results.ts'
import { isClean, runChecks } from './run-checks.ts'

const { signal } = new AbortController()

/** An API server that says its version, and otherwise what it holds: nothing. */
function cluster() {
  const api = fakeApi()
  const call: typeof api.call = async question =>
    question.path === '/version' ? { gitVersion: 'v1.34.4' } : await api.call(question)
  return { ...api, call }
}

function check(id: string, find: Check['find']): Check {
  return { id, what: `${id} is well`, find }
}

const finding: Finding = { severity: 'error', object: 'Pod blue/web', finding: 'is\nlost', remedy: 'find it' }

describe('runChecks()', () => {
  const facts = () => factsOf({ api: cluster(), namespace: 'blue', askManagers: async () => [], signal })

  it('gives the results in order, and turns what cannot be had into a warning of that check alone', async () => {
    const denied = new KubeApiError({ status: 403, reason: 'Forbidden' }, 'GET /api/v1/nodes: no')
    const all = [
      check('well', async () => []),
      check('denied', async () => {
        throw denied
      }),
      check('found', async () => [finding]),
    ]
    expect(await runChecks(all, facts(), signal)).toMatchObject([
      { id: 'well', findings: [] },
      {
        id: 'denied',
        findings: [
          {
            severity: 'warning',
            finding: 'could not be checked: GET /api/v1/nodes: no',
            remedy: expect.stringContaining('--context') as string,
          },
        ],
      },
      { id: 'found', findings: [finding] },
    ])
  })

  it('fails as a whole when the API server is away', async () => {
    const api = fakeApi()
    api.intercept(() => {
      throw new KubeApiError({ status: 0, reason: '' }, 'no answer')
    })
    await expect(
      runChecks(checks, factsOf({ api, namespace: 'blue', askManagers: async () => [], signal }), signal),
    ).rejects.toMatchObject({
      code: 'API_UNAVAILABLE',
    })
  })

  it('ends when the caller gives up', async () => {
    const caller = new AbortController()
    const waits = check('waits', async () => {
      caller.abort(new NsmError('CANCELLED', 'stopped'))
      throw caller.signal.reason
    })
    await expect(runChecks([waits], facts(), caller.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it('fetches each fact once, whatever checks ask for it', async () => {
    const api = cluster()
    await runChecks(
      checks,
      factsOf({ api, namespace: undefined, askManagers: async () => [], signal }),
      signal,
    )
    const asked = api.calls.map(({ method, path, body }) => `${method} ${path} ${JSON.stringify(body)}`)
    expect(asked.filter((one, index) => asked.indexOf(one) !== index)).toEqual([])
    expect(asked.some(one => one.includes('/api/v1/pods?'))).toBe(true)
  })

  it('changes nothing in the cluster', async () => {
    const api = cluster()
    await runChecks(checks, factsOf({ api, namespace: 'blue', askManagers: async () => [], signal }), signal)
    const writing = api.calls.filter(({ method, path }) => method !== 'GET' && !path.includes('dryRun=All'))
    expect(writing.map(({ path }) => path)).toEqual(['/apis/authentication.k8s.io/v1/selfsubjectreviews'])
  })
})

describe('listAll()', () => {
  it('follows the pages, and keeps what is wanted', async () => {
    const paths: string[] = []
    const call = async ({ path }: { readonly path: string }) => {
      paths.push(path)
      const next = path.includes('continue=more') ? {} : { continue: 'more' }
      return { metadata: next, items: [{ n: paths.length }, { n: -1 }] }
    }
    const keep = ({ n }: { readonly n?: unknown }) => n !== -1
    expect(await listAll({ call }, { path: '/api/v1/pods', signal, keep })).toEqual([{ n: 1 }, { n: 2 }])
    expect(paths).toEqual(['/api/v1/pods?limit=500', '/api/v1/pods?limit=500&continue=more'])
  })
})

describe('the report', () => {
  const results = [
    { id: 'clock', what: 'clocks agree', findings: [] },
    { id: 'pods', what: 'pods are there', findings: [finding] },
  ]

  it('is a table with the remedy below each finding', () => {
    expect(resultTable(results)).toBe(
      [
        'STATE   CHECK   OBJECT         FINDING',
        'ok      clock                  clocks agree',
        'error   pods    Pod blue/web   is lost',
        '        -> find it',
        '',
      ].join('\n'),
    )
  })

  it('is JSON for programs', () => {
    expect(JSON.parse(resultJson(results))).toEqual({ clean: false, checks: results })
  })

  it.each([
    { severity: 'note', clean: true },
    { severity: 'warning', clean: false },
    { severity: 'error', clean: false },
  ] as const)('is clean: $clean with a $severity', ({ severity, clean }) => {
    expect(isClean([{ id: 'x', what: '', findings: [{ ...finding, severity }] }])).toBe(clean)
  })
})

it('cli/README.md names every check, in order, and no other', () => {
  const [, section = ''] = readFileSync('cli/README.md', 'utf8').split('## nsm check')
  const named = [...section.matchAll(/^\| `([a-z-]+)`/gm)].map(match => match[1])
  expect(named).toEqual(checks.map(({ id }) => id))
})
