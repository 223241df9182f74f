import { describe, expect, test } from 'vitest'
import type { MeshObject } from './object.ts'
import { stagesOf } from './stages.ts'

function object(kind: string, name: string, image?: string): MeshObject {
  const podSpec = { containers: [{ name: 'a', image }] }
  const spec = image === undefined ? {} : kind === 'Pod' ? podSpec : { template: { spec: podSpec } }
  return { apiVersion: 'v1', kind, metadata: { name, namespace: 'default' }, spec }
}

const client = object('Deployment', 'client', 'alpine')
const endpoint = object('Deployment', 'endpoint', 'networkservicemesh/topology-sidecar-nse:master')
const device = object('Pod', 'device', 'sidecar-nse')
const service = object('NetworkService', 'service')

describe('stagesOf()', () => {
  test.each([
    {
      story: 'services and endpoints before clients',
      objects: [client, device, service, endpoint],
      names: [['service', 'device', 'endpoint'], ['client']],
    },
    { story: 'clients alone', objects: [client], names: [['client']] },
    { story: 'endpoints alone', objects: [endpoint], names: [['endpoint']] },
    { story: 'nothing', objects: [], names: [] },
  ])('orders $story', ({ objects, names }) => {
    expect(stagesOf(objects).map(stage => stage.map(({ metadata }) => metadata.name))).toEqual(names)
  })
})
