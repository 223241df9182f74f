import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

/**
 * What Node alone costs: an HTTPS server that parses the body and gives a constant answer of the size of ours. A process
 * of its own: `node baseline.ts CERTIFICATE KEY PORT`.
 */
const [, , certificate = '', key = '', port = ''] = process.argv
const answer = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  response: {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    allowed: true,
    patchType: 'JSONPatch',
    patch: 'x'.repeat(1_600),
  },
})
const headers = { 'content-type': 'application/json', 'content-length': answer.length }

createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString())
    response.writeHead(200, headers).end(answer)
  })
}).listen(Number(port), '127.0.0.1')
