import { execFile, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Body } from './bodies.ts'
import { pinned } from './pinned.ts'
import type { Place } from './servers.ts'

/** What a load found; times in milliseconds. */
export interface Found {
  readonly requests: number
  readonly ms: number
  readonly errors: number
  readonly p50: number
  readonly p99: number
}

/** How to load. */
export interface Load {
  readonly url: string
  readonly body: Body
  readonly connections: number
  readonly seconds: number
}

const script = fileURLToPath(new URL('./post.lua', import.meta.url))
const client = fileURLToPath(new URL('./load-client.ts', import.meta.url))

/** What makes the load: wrk where it is installed, or else a program of our own, which takes more CPU itself. */
export const generator = spawnSync('wrk', ['-v']).error === undefined ? 'wrk' : 'node'

/** Posts a body as fast as answers come. */
export async function load({ url, body, connections, seconds }: Load, { folder }: Place): Promise<Found> {
  const file = join(folder, `${body.name.replaceAll(' ', '-')}.json`)
  await writeFile(file, body.text)
  const wrk = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url, '--', file]
  const own = [process.execPath, client, url, file, String(connections), String(seconds)]
  const [command = '', ...args] = pinned('load', generator === 'wrk' ? wrk : own)
  const { stdout } = await promisify(execFile)(command, args)
  return JSON.parse(stdout.split('\n').find(line => line.startsWith('{')) ?? '{}') as Found
}
