import type { KubeApi } from '#kube/api.ts'
import { isObject, type JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'

/** Whose tokens name a node. */
export interface TokenRules {
  readonly api: KubeApi
  /** Namespace of the managers. */
  readonly namespace: string
  /** Their service account. */
  readonly account: string
  /** What their tokens are for: one that is for the API server, or for another program, proves nothing here. */
  readonly audience: string
}

/** Tokens of Kubernetes have one to two thousand characters. */
const longest = 16_384

/** What the API server says about the pod that a token is bound to (KEP-4193). */
const claims = {
  pod: 'authentication.kubernetes.io/pod-name',
  uid: 'authentication.kubernetes.io/pod-uid',
  node: 'authentication.kubernetes.io/node-name',
} as const

/**
 * The node of the pod that a manager's token is bound to, as the API server knows it: a kubelet gets such tokens only for pods
 * of its own node. Throws DENIED with the reason, and API_UNAVAILABLE when the API server cannot be asked. The token
 * itself is in no message.
 */
export async function nodeOfToken(token: string, rules: TokenRules, signal: AbortSignal): Promise<string> {
  const { namespace, account, audience } = rules
  if (!looksLikeToken(token))
    throw denied(
      token === ''
        ? 'it shows no token; give it NSM_ISSUER_TOKEN_FILE'
        : 'what it shows is no token of a service account',
    )
  const status = await review(token, rules, signal)
  if (status['authenticated'] !== true)
    throw denied(
      `the API server does not accept its token: ${wordsIn(status['error']) || 'it gives no reason'}`,
    )
  if (!textsIn(status['audiences']).includes(audience))
    throw denied(`its token is not for the audience ${audience}`)
  const user = isObject(status['user']) ? status['user'] : {}
  const wanted = `system:serviceaccount:${namespace}:${account}`
  if (user['username'] !== wanted)
    throw denied(`its token is of ${wordsIn(user['username'])}, and only ${wanted} is certified`)
  const extra = isObject(user['extra']) ? user['extra'] : {}
  const [pod] = textsIn(extra[claims.pod])
  const [uid] = textsIn(extra[claims.uid])
  if (pod === undefined || uid === undefined)
    throw denied('its token is not bound to a pod; project it into the pod with serviceAccountToken')
  const [node] = textsIn(extra[claims.node])
  return node ?? (await nodeOfPod({ name: pod, uid }, rules, signal))
}

async function review(
  token: string,
  { api, audience }: TokenRules,
  signal: AbortSignal,
): Promise<JsonObject> {
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences: [audience] },
  }
  const path = '/apis/authentication.k8s.io/v1/tokenreviews'
  const answer = await api
    .call({ method: 'POST', path, body, signal })
    .catch(thrown => unanswered('whose token it is', thrown))
  return isObject(answer['status']) ? answer['status'] : {}
}

/** API servers before 1.30 name the pod, but not its node. */
async function nodeOfPod(
  { name, uid }: { readonly name: string; readonly uid: string },
  { api, namespace }: TokenRules,
  signal: AbortSignal,
): Promise<string> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`
  const pod = await api.call({ method: 'GET', path, signal }).catch(thrown => {
    if (NsmError.from(thrown).code === 'NOT_FOUND') throw denied(`its pod ${name} does not exist any more`)
    return unanswered(`for the node of pod ${name}`, thrown)
  })
  const metadata = isObject(pod['metadata']) ? pod['metadata'] : {}
  if (metadata['uid'] !== uid) throw denied(`its pod ${name} is another one by now`)
  const node = isObject(pod['spec']) ? pod['spec']['nodeName'] : undefined
  if (typeof node === 'string' && node !== '') return node
  throw denied(`its pod ${name} is on no node`)
}

/** A right that the issuer lacks is no fault of the manager, which shall ask again. */
function unanswered(what: string, thrown: unknown): never {
  const error = NsmError.from(thrown)
  if (error.code === 'CANCELLED' || error.code === 'DEADLINE') throw error
  throw new NsmError(
    'API_UNAVAILABLE',
    `certifying a manager: the API server could not be asked ${what}: ${error.message}; the manager asks again, and goes on with the certificate that it has`,
    { cause: error },
  )
}

function denied(why: string): NsmError {
  return new NsmError('DENIED', `certifying a manager: ${why}`)
}

/** Three parts in base64url (RFC 7519 §3); only what has them is worth a question. */
function looksLikeToken(token: string): boolean {
  return token.length <= longest && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)
}

function wordsIn(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 500) : ''
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value)
    ? value.filter((one): one is string => typeof one === 'string' && one !== '')
    : []
}
