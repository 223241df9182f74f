import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { temporaryFolder } from '#kernel/scratch.ts'
import { verify } from './verify.ts'

/** The programs are started from source, and wait for a registrar that restarts. */
const patienceMs = 90_000

describe('verify()', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let written: string

  beforeEach(() => {
    folder = temporaryFolder()
    written = ''
    vi.stubEnv('NSM_BASEDIR', folder.path)
    vi.stubEnv('LOG_LEVEL', 'error')
  })

  afterEach(() => {
    vi.unstubAllEnvs()
    folder[Symbol.dispose]()
  })

  async function outcome(name: string, ...command: readonly string[]): Promise<'clean' | 'failed'> {
    const options = {
      socket: `${folder.path}/nsm-${name}.forwarder.sock`,
      registrar: `${folder.path}/nsm.forwarder-registrar.io.sock`,
      command: [process.execPath, ...command],
      networks: [],
      format: 'lines',
    } as const
    return await verify(options, AbortSignal.timeout(patienceMs), text => {
      written += text
    })
  }

  test('finds that the kernel forwarder keeps the contract', { timeout: patienceMs }, async () => {
    expect(await outcome('kernel-forwarder', 'forwarder/main.ts'), written).toBe('clean')
    expect(written).toContain('says that it joins two pods of its node')
    expect(written).toMatch(/\d{2} passed, 0 failed, \d+ skipped\n$/)
  })

  test('finds that the example of a third party keeps it', { timeout: patienceMs }, async () => {
    expect(await outcome('lan', 'docs/examples/forwarder/lan.ts'), written).toBe('clean')
    expect(written).toContain('says that it joins pods to the external network lan')
    expect(written).toContain('ok   network: a restart forgets nothing')
  })

  test('says when what it started does not serve', async () => {
    await expect(outcome('nothing', '--eval', '0')).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: expect.stringContaining('it has ended'),
    })
  })

  test('says when nobody serves the socket', async () => {
    const options = {
      socket: `${folder.path}/none.sock`,
      command: [],
      networks: [],
      format: 'lines',
    } as const
    await expect(verify(options, AbortSignal.timeout(5000), () => {})).rejects.toMatchObject({
      code: 'SOCKET_MISSING',
    })
  })
})
