import { beforeAll, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'
import { clientDeployment, endpointDeployment, groundOf } from './use.ts'

const cluster = await useCluster()

beforeAll(() => cluster.install())

/** A service of this namespace that nobody offers. */
const lonely = `
apiVersion: networkservicemesh.io/v1
kind: NetworkService
metadata: {name: lonely}
spec: {payload: IP}
`

it.each([
  {
    title: 'that nobody offers',
    service: 'lonely',
    reason: 'NetworkServiceNoEndpoint',
    words: [/waiting for lonely/, /no endpoint/],
    mend: 'lonely',
  },
  {
    title: 'whose name is misspelt',
    service: 'lonly',
    reason: 'NetworkServiceNoEndpoint',
    words: [/waiting for lonly/, /no network service lonly/, /apply a NetworkService of that name/],
    mend: 'lonly',
  },
])(
  'a pod that waits for a service $title says so in its log, its status and its Events',
  async ({ service, reason, words, mend }) => {
    const namespace = await cluster.newNamespace('explain')
    const { get, rolledOut } = groundOf(cluster, namespace)
    await cluster.apply(lonely, namespace)
    await cluster.apply(clientDeployment({ name: 'web', service }), namespace)
    await said({ namespace, reason, words })
    await cluster.apply(endpointDeployment({ name: 'late', service: mend }), namespace)
    await rolledOut('deployment/web')
    await cluster.waitFor(
      async () => (await get('describe pods -l app=web')).includes('NetworkServiceConnected'),
      {
        what: 'an Event says that it is connected',
      },
    )
  },
)

it('a pod that waits for the forwarder says so, and comes up when that does', async () => {
  const namespace = await cluster.newNamespace('explain')
  const { rolledOut } = groundOf(cluster, namespace)
  await cluster.apply(endpointDeployment({ name: 'server', service: 'served' }), namespace)
  await rolledOut('deployment/server')
  const selector = '{"spec":{"template":{"spec":{"nodeSelector":%}}}}'
  const patch = (value: string) =>
    cluster.kubectl([
      '-n',
      'nsm-system',
      'patch',
      'daemonset',
      'nsm-forwarder',
      '-p',
      selector.replace('%', value),
    ])
  await patch('{"no-such-node":"true"}')
  try {
    await cluster.waitFor(
      async () => (await cluster.kubectl('-n nsm-system get pods -l app=nsm-forwarder -o name')) === '',
      { what: 'no forwarder runs' },
    )
    await cluster.apply(clientDeployment({ name: 'web', service: 'served' }), namespace)
    await said({ namespace, reason: 'NetworkServiceNoForwarder', words: [/waiting for served/, /forwarder/] })
  } finally {
    await patch('{"no-such-node":null}')
    await cluster.kubectl('-n nsm-system rollout status daemonset/nsm-forwarder --timeout=90s')
  }
  await rolledOut('deployment/web')
})

interface Said {
  readonly namespace: string
  readonly reason: string
  readonly words: readonly RegExp[]
}

/** Until `kubectl logs`, `kubectl describe` and the Events of the client tell what it waits for. */
async function said({ namespace, reason, words }: Said): Promise<void> {
  const { get } = groundOf(cluster, namespace)
  const isTold = (text: string) => words.every(word => word.test(text))
  await cluster.waitFor(async () => isTold(await get('logs deploy/web -c nsm-init')), {
    what: `the log says ${words.join(', ')}`,
  })
  const described = await cluster.waitFor(
    async () => {
      const text = await get('describe pods -l app=web')
      return text.includes(reason) && text
    },
    { what: `an Event of the pod is ${reason}` },
  )
  expect(described).toMatch(/Status: +Pending/)
  expect(described).toMatch(/nsm-init:/)
}
