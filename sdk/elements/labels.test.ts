import { expect, it } from 'vitest'
import { requestOf, run } from './fixture.ts'
import { labels } from './labels.ts'

it('labels() adds what is absent and leaves what the client said', async () => {
  const connection = await run(
    labels({ podName: 'gateway', namespace: 'mesh' }),
    requestOf({ labels: { podName: 'client', app: 'web' } }),
  )
  expect(connection.labels).toEqual({ podName: 'client', namespace: 'mesh', app: 'web' })
})
