import { expect, it } from 'vitest'
import { type Image, images, repository } from '#scripts/images.ts'
import { useCluster } from './cluster.ts'

const cluster = await useCluster()

/** A pod that prints the help of an image's program, as restricted as the image's user allows. */
function helper({ name, user }: Image) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      ...(user === 0 ? {} : { securityContext: { runAsNonRoot: true } }),
      containers: [
        {
          name: 'main',
          image: `${repository}/${name}:test`,
          args: ['--help'],
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
            seccompProfile: { type: 'RuntimeDefault' },
          },
        },
      ],
    },
  }
}

it.each([
  { level: 'restricted', own: images.filter(image => image.user !== 0) },
  { level: 'baseline', own: images.filter(image => image.user === 0) },
])(
  'images run with a read-only root in a namespace that enforces $level',
  { timeout: 180_000 },
  async ({ level, own }) => {
    const namespace = await cluster.newNamespace('images', { 'pod-security.kubernetes.io/enforce': level })
    await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: own.map(helper) }), namespace)
    const names = own.map(image => image.name).toSorted()
    const phases = await cluster.waitFor(
      async () => {
        const said = await cluster.kubectl([
          '-n',
          namespace,
          'get',
          'pods',
          '-o',
          'jsonpath={range .items[*]}{.metadata.name}={.status.phase} {end}',
        ])
        const ended = said
          .trim()
          .split(' ')
          .filter(pod => /=(Succeeded|Failed)$/.test(pod))
        return ended.length === names.length && ended.toSorted()
      },
      { what: 'all images have run', within: 150_000 },
    )
    expect(phases).toEqual(names.map(name => `${name}=Succeeded`))
    for (const name of names) expect(await cluster.kubectl(`-n ${namespace} logs ${name}`)).not.toBe('')
  },
)
