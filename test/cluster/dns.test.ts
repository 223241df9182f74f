import { beforeAll, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'
import { clientDeployment, endpointDeployment, groundOf } from './use.ts'

const cluster = await useCluster()

beforeAll(() => cluster.install())

/** A web server of the cluster that knows nothing of the mesh, with its Service. */
const plainServer = `
apiVersion: v1
kind: Service
metadata: {name: plain}
spec:
  selector: {app: plain}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: plain}
spec:
  selector: {matchLabels: {app: plain}}
  template:
    metadata: {labels: {app: plain}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: busybox
          command: [sh, -c, "mkdir /tmp/w && echo plain >/tmp/w/index.html && exec httpd -f -p 8080 -h /tmp/w"]
`

it('an annotated pod has the network of the cluster as if it were not annotated', async () => {
  const namespace = await cluster.newNamespace('dns')
  const { get, rolledOut, links, address } = groundOf(cluster, namespace)
  const server = endpointDeployment({ name: 'server', service: 'apart', addresses: '10.63.4.0/24' })
  await cluster.apply(`${plainServer}---${server}`, namespace)
  await cluster.apply(clientDeployment({ name: 'bare' }), namespace)
  await cluster.apply(
    clientDeployment({ name: 'web', service: 'apart', image: 'curlimages/curl' }),
    namespace,
  )
  await rolledOut('deployment/plain')
  await rolledOut('deployment/bare')
  const [pod] = await rolledOut('deployment/web')
  const name = pod?.metadata.name ?? ''
  expect(await links(name)).toEqual(['eth0', 'nsm0'])
  // Its image is of a user that may not ping.
  const beside = await address(name, 'nsm0')
  expect(await get(`exec deploy/server -c app -- ping -c 2 -W 5 ${beside}`)).toContain('2 packets received')

  const ask = async (command: string) => await get(`exec ${name} -c app -- ${command}`)
  const askBare = async (command: string) => await get(`exec deploy/bare -c app -- ${command}`)
  // What kubelet knows as the pod's address is on its own interface still, and the default route goes there.
  const known = await get(`get pod ${name} -o jsonpath={.status.podIP}`)
  expect(await ask('ip -4 -o addr show eth0')).toContain(`inet ${known}/`)
  expect(await ask('ip route show default')).toContain('dev eth0')
  expect(await ask('cat /etc/resolv.conf')).toBe(await askBare('cat /etc/resolv.conf'))
  for (const host of ['plain', `plain.${namespace}`, `plain.${namespace}.svc.cluster.local`])
    expect(await ask(`curl -s -m 10 http://${host}/`)).toBe('plain\n')
  expect(await ask('nslookup kubernetes.default.svc.cluster.local')).toMatch(/Address.*10\.96\.0\.1\b/)
  // And others reach it.
  expect(await askBare(`ping -c 2 -W 5 ${known}`)).toContain('2 packets received')
})
