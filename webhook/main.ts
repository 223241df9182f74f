import { bufferedLogger } from '#runtime/logger.ts'
import { main } from '#runtime/main.ts'
import { config } from './config.ts'
import { run } from './run.ts'

await main({
  name: 'nsm-webhook',
  summary: 'Answers Kubernetes admission reviews: annotated pods get the init container that wires them.',
  config,
  logger: bufferedLogger,
  run,
})
