import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { silent } from '#sdk/log.ts'
import { run } from './run.ts'

const lease = 1000

it('run() refuses a TCP address, where nobody is authenticated, unless told to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'registry-'))
  try {
    const settings = { listen: 'tcp://127.0.0.1:0', file: join(folder, 'registry.db'), lease } as const
    await expect(run({ ...settings, insecure: false }, AbortSignal.abort(), silent)).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: expect.stringContaining('NSM_INSECURE'),
    })
    await run({ ...settings, insecure: true }, AbortSignal.abort(), silent)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
