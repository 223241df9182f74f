// What a cluster of the tests has beside itself, inside its network: a registry of images, from which every node really pulls,
// and the way to the API server for connections to a port of the machine's loopback, which comes as file descriptor 3.
// Arguments: the folder of the images, and address and port of the registry.
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { controlAddress } from './facts.ts'
import type { ImageIndex } from './store-images.ts'

const [store = '', address = '', port = ''] = process.argv.slice(2)

createHttpServer(answer).listen(Number(port), address)
createServer(near => {
  const far = connect(6443, controlAddress)
  near.on('error', () => far.destroy()).on('close', () => far.destroy())
  far.on('error', () => near.destroy()).on('close', () => near.destroy())
  near.pipe(far).pipe(near)
}).listen({ fd: 3 })

/** The part of the OCI distribution specification that a pull takes. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? '/', 'http://registry')
  const [, name = '', kind = '', reference = ''] =
    /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? []
  const digest = reference.startsWith('sha256:') ? reference : digestOf(name, reference)
  try {
    const file = join(store, digest)
    const headers = {
      'content-type':
        kind === 'blobs' ? 'application/octet-stream' : 'application/vnd.oci.image.manifest.v1+json',
      'content-length': statSync(file).size,
      'docker-content-digest': digest,
    }
    response.writeHead(200, headers)
    if (request.method === 'HEAD') response.end()
    else createReadStream(file, { highWaterMark: 1 << 20 }).pipe(response)
  } catch {
    response.writeHead(pathname === '/v2/' ? 200 : 404).end()
  }
}

function digestOf(name: string, tag: string): string {
  const index = JSON.parse(readFileSync(join(store, 'index.json'), 'utf8')) as ImageIndex
  return (index[`${name}:${tag}`] ?? index[`${name}:*`])?.digest ?? 'unknown'
}
