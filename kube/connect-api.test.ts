import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type OddServer, startOddServer } from '#test/apiserver/odd-server.ts'
import { cached } from './access.ts'
import { connectApi } from './connect-api.ts'
import { inCluster } from './in-cluster.ts'
import { restApi } from './rest-api.ts'

const { signal } = new AbortController()
let server: OddServer
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsm-kube-'))
  server = await startOddServer((request, response) => {
    const subject = (request.socket as TLSSocket).getPeerCertificate().subject as { CN?: string } | undefined
    response.end(
      JSON.stringify({ url: request.url, authorization: request.headers.authorization, user: subject?.CN }),
    )
  })
})

afterEach(async () => {
  vi.useRealTimers()
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

it('a pod asks with its service account, and reads a renewed token within a minute', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const { hostname, port } = new URL(server.url)
  const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }
  await writeFile(join(folder, 'ca.crt'), server.ca)
  await writeFile(join(folder, 'token'), 'first\n')
  await using api = restApi(cached(inCluster({ env, folder })))
  const ask = () => api.call({ method: 'GET', path: '/x', signal })
  expect(await ask()).toMatchObject({ authorization: 'Bearer first' })
  await writeFile(join(folder, 'token'), 'second\n')
  expect(await ask()).toMatchObject({ authorization: 'Bearer first' })
  vi.advanceTimersByTime(60_000)
  expect(await ask()).toMatchObject({ authorization: 'Bearer second' })
  await rm(join(folder, 'token'))
  vi.advanceTimersByTime(60_000)
  expect(await ask(), 'a file that is missing for a moment').toMatchObject({ authorization: 'Bearer second' })
})

it.each([
  { name: 'outside of a cluster', env: {}, message: 'is this a pod?' },
  {
    name: 'without a mounted token',
    env: { KUBERNETES_SERVICE_HOST: '::1', KUBERNETES_SERVICE_PORT: '443' },
    message: 'needs a service account',
  },
])('a pod $name is told so', async ({ env, message }) => {
  await expect(inCluster({ env, folder })()).rejects.toMatchObject({
    code: 'BAD_CONFIG',
    message: expect.stringContaining(message),
  })
})

/** Writes a kubeconfig with this user, and the user `other` with another token. */
async function kubeconfig(user: object, cluster: object = {}): Promise<string> {
  const path = join(folder, 'config')
  const ca = Buffer.from(server.ca).toString('base64')
  await writeFile(
    path,
    JSON.stringify({
      clusters: [
        { name: 'c', cluster: { server: server.url, 'certificate-authority-data': ca, ...cluster } },
      ],
      users: [
        { name: 'u', user },
        { name: 'other', user: { token: 'other' } },
      ],
      contexts: [
        { name: 'x', context: { cluster: 'c', user: 'u' } },
        { name: 'y', context: { cluster: 'c', user: 'other' } },
      ],
      'current-context': 'x',
    }),
  )
  return path
}

async function askWith(source: { readonly kubeconfig: string; readonly context?: string }) {
  await using api = await connectApi(source)
  return api.call({ method: 'GET', path: '/x?y=z', signal })
}

it('a kubeconfig with a token', async () => {
  expect(await askWith({ kubeconfig: await kubeconfig({ token: 't' }) })).toEqual({
    url: '/x?y=z',
    authorization: 'Bearer t',
  })
})

it('a kubeconfig with a path in the address and another context', async () => {
  const path = await kubeconfig({ token: 't' }, { server: `${server.url}/k8s/clusters/c-1/` })
  expect(await askWith({ kubeconfig: path, context: 'y' })).toEqual({
    url: '/k8s/clusters/c-1/x?y=z',
    authorization: 'Bearer other',
  })
})

it('a kubeconfig with a client certificate', async () => {
  const { certificate, key } = await server.clientOf('jane')
  const user = {
    'client-certificate-data': Buffer.from(certificate).toString('base64'),
    'client-key-data': Buffer.from(key).toString('base64'),
  }
  expect(await askWith({ kubeconfig: await kubeconfig(user) })).toMatchObject({ user: 'jane' })
})

it('a kubeconfig with an exec plugin', async () => {
  const plugin = join(folder, 'plugin')
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'made' },
  }
  await writeFile(plugin, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`)
  await chmod(plugin, 0o755)
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' }
  expect(await askWith({ kubeconfig: await kubeconfig({ exec }) })).toMatchObject({
    authorization: 'Bearer made',
  })
})

it.each([
  { name: 'an unknown context', source: { context: 'z' }, cluster: {}, message: 'there is no context "z"' },
  { name: 'no TLS', source: {}, cluster: { server: 'http://127.0.0.1' }, message: 'is not an https address' },
  { name: 'a proxy', source: {}, cluster: { 'proxy-url': 'http://127.0.0.1' }, message: 'proxy-url' },
  { name: 'a file that is missing', source: { kubeconfig: '/nowhere' }, cluster: {}, message: '/nowhere' },
])('a kubeconfig with $name is refused with the reason', async ({ source, cluster, message }) => {
  const path = await kubeconfig({ token: 't' }, cluster)
  await expect(connectApi({ kubeconfig: path, ...source })).rejects.toMatchObject({
    code: 'BAD_CONFIG',
    message: expect.stringContaining(message),
  })
})
