import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'

/** The load where there is no wrk: `node load-client.ts URL FILE CONNECTIONS SECONDS`; prints what wrk's script prints. */
const [, , url = '', file = '', connections = '1', seconds = '1'] = process.argv
const body = readFileSync(file)
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections), rejectUnauthorized: false })
const durations: number[] = []
let errors = 0
const begun = performance.now()
const end = begun + Number(seconds) * 1000

await Promise.all(Array.from({ length: Number(connections) }, work))
agent.destroy()
const sorted = durations.toSorted((a, b) => a - b)
const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
const found = { requests: sorted.length, ms: performance.now() - begun, errors, p50: at(0.5), p99: at(0.99) }
process.stdout.write(`${JSON.stringify(found)}\n`)

async function work(): Promise<void> {
  while (performance.now() < end) {
    const before = performance.now()
    const status = await post().catch(() => 0)
    durations.push(performance.now() - before)
    if (status !== 200) errors++
  }
}

async function post(): Promise<number | undefined> {
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  const sent = request(url, { method: 'POST', headers, agent })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [
    NodeJS.ReadableStream & { readonly statusCode?: number },
  ]
  response.resume()
  await once(response, 'end')
  return response.statusCode
}
