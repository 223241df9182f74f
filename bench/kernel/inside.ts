import { parseArgs } from 'node:util'
import { benchDeletion } from '#bench/deletion.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import { dataPath } from './data-path.ts'
import type { KernelReport } from './report.ts'
import { setUp } from './setup.ts'
import { kernelWork, tunnelWork } from './work.ts'

/** Measures inside the namespaces that bench/main.ts made; prints the report as JSON. */
const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '15' },
  },
})
using folder = temporaryFolder()
const base = folder.path
const [bare, work] = await kernelWork(base, 400)
const [moved, tunnel] = await tunnelWork(base, 60)
const paths = await dataPath(base, { rounds: Number(values.rounds), ms: 300 })
const setup = await setUp(base, Number(values.connections))
const deletion = await benchDeletion()
const report: KernelReport = { bare, work, moved, tunnel, setup, deletion, paths }
process.stdout.write(JSON.stringify(report), () => process.exit())
