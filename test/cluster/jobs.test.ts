import { beforeAll, expect, it } from 'vitest'
import { useCluster } from './cluster.ts'
import { dumpMesh, untilMeshIs } from './dump-mesh.ts'
import { endpointDeployment, groundOf } from './use.ts'

const cluster = await useCluster()

beforeAll(() => cluster.install())

const annotations = (mode: string) =>
  `{ns.networkservicemesh.io: batch/line0, networkservicemesh.io/mode: ${mode}}`

/** The pods of a Job find the endpoint behind their interface, and end. */
const job = `
      completions: 2
      parallelism: 2
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: app
              image: busybox
              command: [sh, -c]
              args:
                - own=$(ip -4 -o addr show line0 | sed 's/.*inet [0-9.]*[.]\\([0-9]*\\)[/].*/\\1/') && ping -c 1 -W 5 10.63.3.$((own + 1))
`

const kinds = {
  Job: (mode: string) => `
apiVersion: batch/v1
kind: Job
metadata: {name: work, annotations: ${annotations(mode)}}
spec:${job.replaceAll('\n    ', '\n')}`,
  CronJob: (mode: string) => `
apiVersion: batch/v1
kind: CronJob
metadata: {name: work, annotations: ${annotations(mode)}}
spec:
  schedule: "0 0 31 2 *"
  jobTemplate:
    spec:${job}`,
}

it.each([
  { kind: 'Job', mode: 'init' },
  { kind: 'Job', mode: 'sidecar' },
  { kind: 'CronJob', mode: 'init' },
] as const)(
  'a $kind that is annotated completes with mode $mode, and leaves nothing behind',
  async ({ kind, mode }) => {
    const namespace = await cluster.newNamespace('jobs')
    const { get, rolledOut } = groundOf(cluster, namespace)
    await cluster.apply(
      endpointDeployment({ name: 'server', service: 'batch', addresses: '10.63.3.0/24' }),
      namespace,
    )
    await rolledOut('deployment/server')
    await cluster.waitFor(async () => (await get('get nse -o name')) !== '', {
      what: 'the endpoint is known',
    })
    const before = await dumpMesh(cluster)
    await cluster.apply(kinds[kind](mode), namespace)
    // Its next day never comes, so it is started as people do to try one.
    if (kind === 'CronJob') await get('create job work --from=cronjob/work')
    await get('wait job/work --for=condition=Complete --timeout=120s')
    expect(await get('get job work -o jsonpath={.status.succeeded}')).toBe('2')
    const log = await get('logs job/work -c app')
    expect(log).toContain('1 packets received')
    // The pods are still there to be read, but they have ended.
    await untilMeshIs(cluster, before, 90_000)
  },
)
