import { expect, test } from 'vitest'
import { readConfig } from '#runtime/config.ts'
import { clientConfig } from './config.ts'
import { livenessOf } from './liveness.ts'

test.each([
  [{}, {}],
  [{ NSM_LIVENESS_CHECK_ENABLED: 'true' }, { livenessCheck: 'on' }],
  [{ NSM_LIVENESS_CHECK_ENABLED: 'false' }, { livenessCheck: 'off' }],
  [
    { NSM_LIVENESS_CHECK_INTERVAL: '1m', NSM_LIVENESS_CHECK_LOSS: '5' },
    { livenessInterval: '60000ms', livenessLoss: '5' },
  ],
])('livenessOf() of %o', (env, extraContext) => {
  expect(livenessOf(readConfig(clientConfig, env))).toEqual(extraContext)
})
