import { afterAll, beforeAll, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'
import { startControllers } from './controllers.ts'
import { removeMesh } from './crds.ts'
import { kubectl } from './kubectl.ts'
import { nsm } from './nsm.ts'

const cluster = await useCluster()
const controllers = startControllers(cluster)

beforeAll(() => removeMesh(cluster))

afterAll(() => controllers[Symbol.asyncDispose]())

it('refuses with a list while pods use the mesh, and changes nothing', async () => {
  await nsm(cluster, ['install', '--wait', '0'])
  const namespace = await cluster.newNamespace('uses')
  await kubectl(cluster, ['apply', '-n', namespace, '-f', '-'], userOfTheMesh)
  await using undo = new AsyncDisposableStack()
  undo.defer(async () => {
    await kubectl(cluster, ['delete', 'pod', 'user', '-n', namespace, '--force', '--grace-period=0'])
  })
  const before = await ours()
  await expect(nsm(cluster, ['uninstall'])).rejects.toMatchObject({
    code: 75,
    stderr: expect.stringMatching(
      new RegExp(
        `^pod/${namespace}/user refused uses the mesh.*\n.*a pod uses the mesh; .*--force \\[CONFLICT\\]$`,
        'm',
      ),
    ) as string,
  })
  expect(await ours()).toBe(before)
  expect(before).toContain('mutatingwebhookconfiguration.admissionregistration.k8s.io/nsm-webhook')
})

it('takes the webhook away first and leaves nothing but the definitions and the network services of users', async () => {
  await nsm(cluster, ['install', '--wait', '0'])
  const namespace = await cluster.newNamespace('services')
  await kubectl(cluster, ['apply', '-n', namespace, '-f', 'manifests/examples/icmp-responder/1-service.yaml'])
  const { stderr } = await nsm(cluster, ['uninstall'])
  const deleted = stderr.split('\n').filter(line => line.endsWith(' deleted'))
  expect(deleted[0]).toBe('mutatingwebhookconfigurations/nsm-webhook deleted')
  expect(deleted.at(-1)).toBe('namespaces/nsm-system deleted')
  expect(deleted.indexOf('daemonsets/nsm-leave deleted')).toBeGreaterThan(
    deleted.indexOf('daemonsets/nsm-forwarder deleted'),
  )
  const left = (await ours()).trim().split('\n')
  expect(left.filter(line => !line.startsWith('customresourcedefinition'))).toEqual([])
  expect(left).toHaveLength(3)
  expect(await kubectl(cluster, ['get', 'netsvc', '-n', namespace, '-o', 'name'])).toContain('icmp-responder')
})

it('may be repeated, and deletes the definitions when it is told to', async () => {
  await nsm(cluster, ['install', '--wait', '0'])
  await nsm(cluster, ['uninstall', '--crds'])
  expect(await ours()).toBe('')
  const { stdout } = await nsm(cluster, ['uninstall', '--crds', '--json'])
  const { objects } = JSON.parse(stdout) as { objects: readonly { state: string }[] }
  expect(objects.filter(({ state }) => state !== 'unchanged')).toEqual([])
})

/** All that is labelled as ours, wherever it is. */
function ours(): Promise<string> {
  const kinds =
    'namespace,crd,mutatingwebhookconfiguration,clusterrole,clusterrolebinding,role,rolebinding,serviceaccount,secret,configmap,service,deployment,daemonset,pdb,networkpolicy,resourcequota,lease'
  return kubectl(cluster, ['get', kinds, '-A', '-l', 'app.kubernetes.io/part-of=nsm', '-o', 'name'])
}

const userOfTheMesh = `
apiVersion: v1
kind: Pod
metadata: {name: user}
spec:
  containers:
    - name: app
      image: alpine
      resources: {limits: {networkservicemesh.io/socket: "1"}}
`
