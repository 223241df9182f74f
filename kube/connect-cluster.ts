import type { AccessSource } from './access.ts'
import type { KubeApi } from './api.ts'
import { type ApiSource, accessTo } from './connect-api.ts'
import { Exec, type ExecCommand } from './exec.ts'
import { bytesOf } from './read-bytes.ts'
import { restApi } from './rest-api.ts'

/** The API server, and what runs in the pods behind it. */
export interface Cluster extends KubeApi, AsyncDisposable {
  /** `https://host:port`, for messages. */
  readonly server: string
  /** Runs a command in a container; the stream is its input and output. */
  exec(command: ExecCommand): Exec
  /** An answer that is no JSON, as it comes: `/api/v1/namespaces/N/pods/P/log?follow=true`. Throws as `call` does. */
  read(path: string, signal: AbortSignal): AsyncIterable<Buffer>
}

/** As `connectApi`, for what people do by hand. */
export async function connectCluster(source: ApiSource): Promise<Cluster> {
  const access = await accessTo(source)
  const { server } = await access()
  return clusterAt(access, server.href.replace(/\/$/, ''))
}

function clusterAt(access: AccessSource, server: string): Cluster {
  const api = restApi(access)
  return {
    ...api,
    server,
    exec: command => new Exec(access, command),
    read: (path, signal) => bytesOf(access, path, signal),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
}
