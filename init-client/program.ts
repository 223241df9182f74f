import type { Program } from '#runtime/main.ts'
import { config } from './config.ts'
import { lineLog } from './line-log.ts'
import { run } from './run.ts'

/** The init client, as a bundle or out of a snapshot. */
export const program: Program<typeof config> = {
  name: 'nsm-init',
  summary: 'asks the manager for the network services of a pod and ends when their interfaces are there.',
  config,
  logger: lineLog,
  run,
}
