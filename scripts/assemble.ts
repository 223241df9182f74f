import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, globSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Image, images } from './images.ts'

/** Of koffi and its native part for this machine: all but what compiles it, and what is for another libc. */
const koffiFiles = [
  'koffi/package.json',
  'koffi/in*.{js,cjs}',
  'koffi/src/koffi/*.{js,cjs}',
  'koffi/src/koffi/src/*.{js,cjs}',
  '@koromix/koffi-linux-*/package.json',
  '@koromix/koffi-linux-*/index.js',
  '@koromix/koffi-linux-*/linux_*/*',
]

/**
 * Copies what an image holds besides Node and its libraries into `into`, from dist/ and node_modules/ of the working
 * directory. Throws Error when a file is missing: `node build.ts` makes the bundles. A snapshot is written by the Node that
 * runs this, and only that very version of Node can begin with it.
 */
export function assemble(image: Image, into: string): void {
  const bundles = [`${image.program}.js`, ...image.beside]
  const licences = bundles.map(bundle => `${bundle}.LEGAL.txt`).filter(file => existsSync(join('dist', file)))
  for (const file of [...bundles, ...licences]) copy(join('dist', file), join(into, 'app', file))
  for (const name of image.folders)
    for (const file of globSync(`${name}/**/*.*`)) copy(file, join(into, 'app', file))
  writeFileSync(join(into, 'app/package.json'), '{"type":"module"}\n')
  if (image.start === 'snapshot') snapshot(image.program, join(into, 'app'))
  if (!image.koffi) return
  const native = globSync(koffiFiles, { cwd: 'node_modules' })
  if (!native.some(file => file.endsWith('.node')))
    throw new Error('koffi has no native part for this machine in node_modules: npm install brings it')
  for (const file of native) copy(join('node_modules', file), join(into, 'app/node_modules', file))
}

/** Node refuses the snapshot of another version, so it is tried here, where that fails an image and not a pod. */
function snapshot(program: string, folder: string): void {
  const blob = join(folder, `${program}.blob`)
  const env = { PATH: process.env['PATH'] ?? '' }
  execFileSync(
    process.execPath,
    ['--snapshot-blob', blob, '--build-snapshot', join('dist', `${program}-snapshot.cjs`)],
    {
      env,
    },
  )
  execFileSync(process.execPath, ['--snapshot-blob', blob, join(folder, `${program}.js`), '--help'], { env })
  chmodSync(blob, 0o644)
}

function copy(from: string, to: string): void {
  if (!existsSync(from)) throw new Error(`${from} does not exist: run node build.ts`)
  mkdirSync(dirname(to), { recursive: true })
  cpSync(from, to)
  chmodSync(to, 0o644)
}

/** `node scripts/assemble.ts PROGRAM FOLDER`, for the Dockerfile. */
if (import.meta.main) {
  const [program = '', into = ''] = process.argv.slice(2)
  const image = images.find(known => known.program === program)
  if (image === undefined || into === '') {
    const programs = images.map(known => known.program).join(', ')
    process.stderr.write(`usage: node scripts/assemble.ts PROGRAM FOLDER; programs: ${programs}\n`)
    process.exitCode = 2
  } else {
    assemble(image, into)
  }
}
