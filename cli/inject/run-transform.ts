import { Command, Option } from 'commander'
import type { Context } from '#cli/context.ts'
import { fileOption } from '#cli/options.ts'
import { NsmError } from '#sdk/errors.ts'
import { type Detail, report } from './report.ts'
import { type NamedSource, readSources, standardInput } from './source-files.ts'
import { transform } from './transform.ts'
import type { Judge } from './verdict.ts'
import { type FileText, pathsIn, writeFiles } from './write-files.ts'

/** Where the objects come from, where the result goes, and how much is told. */
export interface TransformOptions {
  readonly filename?: readonly string[]
  readonly recursive?: boolean
  readonly output?: string
  readonly inPlace?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
  readonly json?: boolean
}

/** A command that reads objects and writes the same objects changed. */
export function transformCommand(name: string): Command {
  return new Command(name)
    .argument('[files...]', 'YAML or JSON files, folders, or - for standard input')
    .addOption(fileOption())
    .option('-R, --recursive', 'look into the folders of folders')
    .addOption(
      new Option('-o, --output <folder>', 'write files there, not to standard output').conflicts('inPlace'),
    )
    .option('--in-place', 'write the files that were read')
    .addOption(new Option('-q, --quiet', 'report refusals alone').conflicts(['verbose', 'json']))
    .option('-v, --verbose', 'report where each object is, and machine-readable reasons')
    .option('--json', 'report as JSON')
}

/**
 * Changes every object as `judgeOf` says and reports on standard error. Resolves to the exit code: 65 when an object is
 * refused, and then nothing is written at all, so that a pipe into `kubectl apply` applies nothing by halves.
 */
export async function runTransform(
  input: { readonly files: readonly string[]; readonly options: TransformOptions },
  judgeOf: (sources: readonly NamedSource[]) => Judge,
  context: Context,
): Promise<number> {
  const { options } = input
  const sources = await readSources({
    names: [...(options.filename ?? []), ...input.files],
    depth: options.recursive === true ? 'deep' : 'flat',
  })
  const judge = judgeOf(sources)
  const results = sources.map(source => transform(source, judge))
  const verdicts = results.flatMap(result => result.verdicts)
  context.note(report(verdicts, detailOf(options), context.paint))
  if (verdicts.some(({ state }) => state === 'refused')) return new NsmError('BAD_INPUT', '').kind.exit
  const texts = results.map(result => result.text())
  const files = filesFor(options, sources, texts)
  if (files === undefined) context.out(joined(texts))
  else await writeFiles(files)
  return 0
}

/** The files that the options ask for; undefined for standard output. */
function filesFor(
  { output, inPlace }: TransformOptions,
  sources: readonly NamedSource[],
  texts: readonly string[],
): readonly FileText[] | undefined {
  const withText = (paths: readonly string[]) =>
    paths.map((path, index) => ({ path, text: texts[index] ?? '' }))
  if (output !== undefined)
    return withText(
      pathsIn(
        output,
        sources.map(({ inside }) => inside),
      ),
    )
  if (inPlace !== true) return undefined
  if (sources.some(({ file }) => file === standardInput))
    throw new NsmError(
      'BAD_USAGE',
      '--in-place: standard input is no file; name files, or leave the option out',
    )
  return withText(sources.map(({ file }) => file)).filter(({ text }, index) => text !== sources[index]?.text)
}

/** Files one after the other: what separates their documents is added where it is missing. */
function joined(texts: readonly string[]): string {
  const [first = '', ...rest] = texts
  return rest.reduce((all, text) => {
    const ended = all === '' || all.endsWith('\n') ? all : `${all}\n`
    return `${ended}${/^\uFEFF?---\s/.test(text) ? '' : '---\n'}${text}`
  }, first)
}

function detailOf({ quiet, verbose, json }: TransformOptions): Detail {
  if (json === true) return 'json'
  if (quiet === true) return 'quiet'
  return verbose === true ? 'verbose' : 'normal'
}
