import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { makeAuthority } from '#certs/authority.ts'
import { issue } from '#certs/issue.ts'
import { eventually } from '#test/local/nsm.ts'
import type { Cluster } from './cluster.ts'
import { pod } from './objects.ts'

const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const { signal } = new AbortController()

/**
 * Somebody else's webhook, asked after ours: it puts an init container in front of the others of pods with the label
 * `prepend`. Resolves when the API server asks it; disposing takes it away.
 */
export async function prependingWebhook({ api }: Pick<Cluster, 'api'>): Promise<AsyncDisposable> {
  const authority = await makeAuthority('somebody else')
  const leaf = await issue(authority, { ips: ['127.0.0.1'] })
  const server = createServer({ cert: leaf.certificate, key: leaf.key }, (request, response) => {
    void json(request).then(review => response.end(JSON.stringify(answerTo(review as Question))))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const body = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    // In order of name, behind ours.
    metadata: { name: 'zz-prepending' },
    webhooks: [
      {
        name: 'prepending.example.org',
        clientConfig: {
          url: `https://127.0.0.1:${port}/`,
          caBundle: Buffer.from(authority.certificate).toString('base64'),
        },
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
        objectSelector: { matchLabels: { prepend: 'yes' } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  }
  await api.call({ method: 'POST', path, body, signal })
  const asked = async () => {
    const probe = pod({ labels: { prepend: 'yes' } })
    const made = await api.call({
      method: 'POST',
      path: '/api/v1/namespaces/default/pods?dryRun=All',
      body: probe,
      signal,
    })
    return JSON.stringify(made).includes('theirs') ? true : undefined
  }
  await eventually('the other webhook is asked', asked)
  return {
    async [Symbol.asyncDispose]() {
      await api.call({ method: 'DELETE', path: `${path}/zz-prepending`, signal })
      await eventually('the other webhook is asked no more', async () =>
        (await asked()) === true ? undefined : true,
      )
      server.closeAllConnections()
      server.close()
    },
  }
}

function answerTo({ request: { uid, object } }: Question): object {
  const there = object.spec.initContainers
  const container = { name: 'theirs', image: 'theirs:1' }
  const [place, value] =
    there === undefined ? ['/spec/initContainers', [container]] : ['/spec/initContainers/0', container]
  const patch = Buffer.from(JSON.stringify([{ op: 'add', path: place, value }])).toString('base64')
  const done = there?.some(({ name }) => name === 'theirs') === true
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid, allowed: true, ...(done ? {} : { patchType: 'JSONPatch', patch }) },
  }
}

interface Question {
  readonly request: {
    readonly uid: string
    readonly object: { readonly spec: { readonly initContainers?: readonly { readonly name: string }[] } }
  }
}
