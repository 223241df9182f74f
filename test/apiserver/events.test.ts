import { expect, it } from 'vitest'
import type { ReviewQuestion } from '#kube/admission-review.ts'
import { silent } from '#sdk/log.ts'
import type { Told } from '#webhook/events/report.ts'
import { sendEvents } from '#webhook/events/send-events.ts'
import { useCluster } from './cluster.ts'
import { installWebhook } from './install-webhook.ts'

const cluster = await useCluster()
const { signal } = new AbortController()

/** What `kubectl describe` reads of an object's Events. */
async function eventsOf(namespace: string, uid: string) {
  const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.uid%3D${uid}`
  return (await cluster.api.call({ method: 'GET', path, signal }))['items']
}

async function makeReplicaSet(namespace: string) {
  const labels = { app: 'web' }
  const made = await cluster.api.call({
    method: 'POST',
    path: `/apis/apps/v1/namespaces/${namespace}/replicasets`,
    body: {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'web-6d5' },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'app' }] } },
      },
    },
    signal,
  })
  const { uid } = made['metadata'] as { uid: string }
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-6d5', uid }
}

it('an Event is found on the ReplicaSet of a refused pod, and counts what repeats', async () => {
  const namespace = await cluster.newNamespace('events')
  const owner = await makeReplicaSet(namespace)
  const question: ReviewQuestion = {
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: 'r',
      operation: 'CREATE',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      namespace,
      object: { metadata: { generateName: 'web-6d5-' } },
    },
  }
  const refused: Told = {
    result: 'denied',
    reasons: ['BAD_ANNOTATION'],
    message: `entry 2: ${'é'.repeat(600)}`,
    owner,
  }
  const results: string[] = []
  const first = Promise.withResolvers<undefined>()
  const events = sendEvents({
    api: cluster.api,
    log: silent,
    instance: 'nsm-webhook-1',
    onResult: result => {
      results.push(result)
      first.resolve(undefined)
    },
  })
  events.record(refused, question)
  await first.promise
  const kept = {
    type: 'Warning',
    reason: 'NetworkServicesRefused',
    action: 'Admit',
    reportingComponent: 'networkservicemesh.io/webhook',
    reportingInstance: 'nsm-webhook-1',
    message: expect.stringMatching(/^entry 2: é+…$/) as string,
    involvedObject: { kind: 'ReplicaSet', namespace, name: 'web-6d5', uid: owner.uid },
  }
  expect(await eventsOf(namespace, owner.uid)).toMatchObject([kept])
  for (let n = 0; n < 4; n++) events.record(refused, question)
  await events[Symbol.asyncDispose]()
  expect(await eventsOf(namespace, owner.uid)).toMatchObject([{ ...kept, series: { count: 5 } }])
  expect(results).toEqual(['sent', 'sent'])
})

it('the controller of injected and refused pods is told, and nobody of a dry run', async () => {
  const namespace = await cluster.newNamespace('events')
  const owner = await makeReplicaSet(namespace)
  const events = sendEvents({ api: cluster.api, log: silent, instance: 'nsm-webhook-1' })
  await using _ = await installWebhook(cluster, events)
  const makePod = (services: string, query = '') =>
    cluster.api.call({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/pods${query}`,
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          generateName: 'web-6d5-',
          annotations: { 'ns.networkservicemesh.io': services },
          ownerReferences: [{ ...owner, controller: true }],
        },
        spec: { containers: [{ name: 'app', image: 'app' }] },
      },
      signal,
    })
  await makePod('tried', '?dryRun=All')
  await makePod('vpn/vpn0')
  await makePod('vpn/vpn0')
  await expect(makePod('vpn,')).rejects.toThrow('entry 2')
  await events[Symbol.asyncDispose]()
  const found = await eventsOf(namespace, owner.uid)
  expect(found).toHaveLength(2)
  expect(found).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        type: 'Normal',
        reason: 'NetworkServicesInjected',
        message: 'a pod asks for vpn/vpn0: it gets the container that connects it',
        series: expect.objectContaining({ count: 2 }) as object,
      }),
      expect.objectContaining({
        type: 'Warning',
        reason: 'NetworkServicesRefused',
        message: expect.stringContaining('entry 2') as string,
      }),
    ]),
  )
})
