import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Log } from '#sdk/log.ts'
import { silent } from '#sdk/log.ts'
import { policyFile } from './policy-file.ts'

describe('policyFile', () => {
  let folder = ''
  let path = ''
  let warnings: string[] = []
  const log: Log = { ...silent, warn: (_, text) => void warnings.push(text) }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsm-pbr-'))
    path = join(folder, 'config.yaml')
    warnings = []
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('policyFile() has none without a file, and follows the file when there is one', async () => {
    const policies = await policyFile(path, log)
    expect(await policies()).toEqual([])
    writeFileSync(path, '- proto: 6')
    expect(await policies()).toMatchObject([{ proto: '6' }])
    expect(await policies()).toBe(await policies())
    rmSync(path)
    expect(await policies()).toEqual([])
  })

  it('policyFile() keeps what it had when the file cannot be read any more, and says so once', async () => {
    writeFileSync(path, '- proto: 6')
    const policies = await policyFile(path, log)
    writeFileSync(path, '- proto: ipx')
    expect(await policies()).toMatchObject([{ proto: '6' }])
    expect(await policies()).toMatchObject([{ proto: '6' }])
    expect(warnings).toEqual([expect.stringContaining('"ipx"')])
  })

  it('policyFile() fails with BAD_CONFIG when the file cannot be used at the start', async () => {
    writeFileSync(path, '- tos: 4')
    await expect(policyFile(path, log)).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: expect.stringContaining(`${path} (NSM_PBR_CONFIG_PATH): policy 1: there is no field "tos"`),
    })
    await expect(policyFile(folder, log)).rejects.toMatchObject({ code: 'BAD_CONFIG' })
  })
})
