import { describe, expect, it } from 'vitest'
import { type ApiCall, type KubeApi, refusalOf } from '#kube/api.ts'
import { nodeOfToken } from './node-of-token.ts'

const { signal } = new AbortController()
const token = 'head.claims.proof'
const user = 'system:serviceaccount:nsm-system:nsm-manager'
const pod = {
  'authentication.kubernetes.io/pod-name': ['manager-x'],
  'authentication.kubernetes.io/pod-uid': ['u1'],
}
const node = { ...pod, 'authentication.kubernetes.io/node-name': ['node-1'] }

describe('a token', () => {
  it('names the node that the API server says', async () => {
    const api = answering({ status: accepted(node) })
    expect(await ask(api)).toBe('node-1')
    expect(api.asked).toEqual([
      expect.objectContaining({
        body: expect.objectContaining({ spec: { token, audiences: ['nsm-issuer'] } }),
      }),
    ])
  })

  it('names the node of its pod where the API server is too old to say it', async () => {
    const api = answering(
      { status: accepted(pod) },
      { metadata: { uid: 'u1' }, spec: { nodeName: 'node-2' } },
    )
    expect(await ask(api)).toBe('node-2')
    expect(api.asked[1]?.path).toBe('/api/v1/namespaces/nsm-system/pods/manager-x')
  })

  it.each<{ readonly what: string; readonly answers: readonly object[]; readonly why: RegExp }>([
    {
      what: 'that the API server does not accept',
      answers: [{ status: { authenticated: false, error: 'it has expired' } }],
      why: /does not accept its token: it has expired/,
    },
    { what: 'about which it says nothing', answers: [{}], why: /it gives no reason/ },
    {
      what: 'that was checked for no audience',
      answers: [{ status: { ...accepted(node), audiences: undefined } }],
      why: /not for the audience nsm-issuer/,
    },
    {
      what: 'of a manager of another namespace',
      answers: [{ status: { ...accepted(node), user: { username: user.replace('nsm-system', 'mine') } } }],
      why: /is of system:serviceaccount:mine:nsm-manager, and only/,
    },
    { what: 'that is bound to nothing', answers: [{ status: accepted({}) }], why: /not bound to a pod/ },
    {
      what: 'of a pod that was made anew since',
      answers: [{ status: accepted(pod) }, { metadata: { uid: 'u2' }, spec: { nodeName: 'node-2' } }],
      why: /manager-x is another one by now/,
    },
    {
      what: 'of a pod without a node',
      answers: [{ status: accepted(pod) }, { metadata: { uid: 'u1' }, spec: {} }],
      why: /manager-x is on no node/,
    },
  ])('$what names none', async ({ answers, why }) => {
    await expect(ask(answering(...answers))).rejects.toMatchObject({
      code: 'DENIED',
      message: expect.stringMatching(why) as string,
    })
  })

  it.each(['', 'abc', 'a.b', 'a.b.c.d', 'a.b.c\n', `a.b.${'c'.repeat(20_000)}`, 'ä.b.c'])(
    'that is none (%j) is not asked about',
    async none => {
      const api = answering()
      await expect(nodeOfToken(none, rules(api), signal)).rejects.toMatchObject({ code: 'DENIED' })
      expect(api.asked).toEqual([])
    },
  )

  it.each([
    { status: 0, words: /does not answer|gives no reason/ },
    { status: 403, words: /forbidden/ },
    { status: 429, words: /429/ },
    { status: 500, words: /500/ },
  ])('is shown again later when the API server answers with $status', async ({ status, words }) => {
    const api: KubeApi = {
      call: call => Promise.reject(refusalOf(call, status, status === 403 ? { message: 'forbidden' } : {})),
      watch: () => nothing(),
    }
    await expect(ask(api)).rejects.toMatchObject({
      code: 'API_UNAVAILABLE',
      message: expect.stringMatching(words) as string,
    })
  })
})

function ask(api: KubeApi): Promise<string> {
  return nodeOfToken(token, rules(api), signal)
}

function rules(api: KubeApi) {
  return { api, namespace: 'nsm-system', account: 'nsm-manager', audience: 'nsm-issuer' }
}

function accepted(extra: object) {
  return { authenticated: true, audiences: ['nsm-issuer'], user: { username: user, extra } }
}

/** An API server that gives these answers in turn. */
function answering(...answers: readonly object[]): KubeApi & { readonly asked: readonly ApiCall[] } {
  const asked: ApiCall[] = []
  return {
    asked,
    async call(call) {
      asked.push(call)
      return { ...answers[asked.length - 1] }
    },
    watch: () => nothing(),
  }
}

async function* nothing(): AsyncGenerator<never, void> {}
