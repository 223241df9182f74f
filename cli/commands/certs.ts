import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { splitPem } from '#certs/bundle.ts'
import { readFacts, readLeaf } from '#certs/facts.ts'
import type { Held } from '#certs/held.ts'
import { fetchConfiguration } from '#certs/published.ts'
import { usualLimits } from '#certs/rotation.ts'
import { readHeld } from '#certs/secret.ts'
import { readSecret } from '#certs/shared-secret.ts'
import { type CertificateStatus, statusOf } from '#certs/status.ts'
import { judgeCertificates } from '#cli/certs/check.ts'
import {
  type Cluster,
  type ClusterOptions,
  certsSubCommand,
  placeOf,
  withCluster,
} from '#cli/certs/cluster.ts'
import { initCluster, initFiles, printInit } from '#cli/certs/init.ts'
import { followRotation, startRotation } from '#cli/certs/rotate.ts'
import { servedBy } from '#cli/certs/served-by.ts'
import { statusTables } from '#cli/certs/show.ts'
import { judgeClock } from '#cli/check/clock.ts'
import { resultJson, resultTable } from '#cli/check/print-results.ts'
import { readClock } from '#cli/check/read-clock.ts'
import { isClean } from '#cli/check/run-checks.ts'
import type { Context } from '#cli/context.ts'
import { jsonOption } from '#cli/options.ts'
import { duration } from '#runtime/parse.ts'
import { NsmError } from '#sdk/errors.ts'

/** `nsm certs`: the certificate of the webhook. */
export function certsCommand(context: Context, exit: (code: number) => void): Command {
  const certs = new Command('certs').description(
    'make, show, rotate and check the certificate of the webhook',
  )
  for (const command of [init(context), show(context), rotate(context), check(context, exit)])
    certs.addCommand(command)
  return certs
}

interface InitOptions extends ClusterOptions {
  readonly dir?: string
  readonly for?: readonly string[]
  readonly dryRun?: boolean
  readonly output?: string
  readonly service: string
}

function init(context: Context): Command {
  return certsSubCommand('init', context)
    .description('make a certificate and publish its authority; what is there and usable stays')
    .option('--dir <folder>', 'make files instead: ca.crt, tls.crt, tls.key')
    .option('--for <name...>', 'DNS names and IP addresses; default the name of the Service')
    .option('--service <name>', 'Service of the webhook', 'nsm-webhook')
    .option('--dry-run', 'write nothing and print the objects, without their keys')
    .addOption(new Option('-o, --output <format>', 'with --dry-run').choices(['yaml']))
    .action(async (options: InitOptions) => {
      const names = options.for ?? [`${options.service}.${options.namespace}.svc`]
      if (options.dir !== undefined) return initFiles(options.dir, names, context)
      return withCluster(options, context.signal, cluster =>
        options.dryRun === true ? printInit(cluster, names, context) : initCluster(cluster, names, context),
      )
    })
}

interface ShowOptions extends ClusterOptions {
  readonly dir?: string
  readonly json?: boolean
}

function show(context: Context): Command {
  return certsSubCommand('show', context)
    .description('show authorities, certificate, who serves it and who trusts it')
    .option('--dir <folder>', 'show the files of a folder instead')
    .addOption(jsonOption())
    .action(async (options: ShowOptions) => {
      const status =
        options.dir === undefined
          ? await withCluster(options, context.signal, async cluster => (await look(cluster)).status)
          : statusOf(await heldIn(options.dir), undefined, { now: Date.now(), limits: usualLimits })
      context.out(options.json === true ? `${JSON.stringify(status, undefined, 2)}\n` : statusTables(status))
    })
}

interface RotateOptions extends ClusterOptions {
  readonly wait: number
}

function rotate(context: Context): Command {
  const wait = new Option('--wait <duration>', 'follow it for so long, as 30s or 5m; 0 does not')
    .default(0, '0')
    .argParser(parseDuration)
  return certsSubCommand('rotate', context)
    .description('replace the authority: the replicas of the webhook do it step by step, without a gap')
    .addOption(wait)
    .action((options: RotateOptions) =>
      withCluster(options, context.signal, async cluster => {
        await startRotation(cluster, context)
        if (options.wait > 0) await followRotation(cluster, options.wait, context)
      }),
    )
}

interface CheckOptions extends ClusterOptions {
  readonly json?: boolean
  readonly service: string
}

function check(context: Context, exit: (code: number) => void): Command {
  return certsSubCommand('check', context)
    .description('compare Secret, caBundle and what is served; exit code 1 when something is wrong')
    .option('--service <name>', 'Service of the webhook', 'nsm-webhook')
    .addOption(jsonOption())
    .action((options: CheckOptions) =>
      withCluster(options, context.signal, async cluster => {
        const [seen, served, clock] = await Promise.all([
          look(cluster),
          servedBy(cluster, options.service),
          readClock(cluster.api, context.signal),
        ])
        const names = [`${options.service}.${options.namespace}.svc`]
        const secret = `Secret ${options.namespace}/${options.secret}`
        const results = [
          ...judgeCertificates({ ...seen, served, names, secret, now: Date.now() }),
          {
            id: 'clock',
            what: 'the clocks of this machine and of the API server agree',
            findings: judgeClock(clock),
          },
        ]
        context.out(options.json === true ? resultJson(results) : resultTable(results))
        exit(isClean(results) ? 0 : 1)
      }),
    )
}

async function look(cluster: Cluster) {
  const [secret, configuration] = await Promise.all([
    readSecret(placeOf(cluster), cluster.signal),
    fetchConfiguration(cluster.api, cluster.configuration, cluster.signal),
  ])
  const held = readHeld(secret)
  const status: CertificateStatus = statusOf(held, configuration, { now: Date.now(), limits: usualLimits })
  return { held, configuration, status }
}

async function heldIn(folder: string): Promise<Held> {
  try {
    const [ca, certificate, key] = await Promise.all(
      ['ca.crt', 'tls.crt', 'tls.key'].map(name => readFile(join(folder, name), 'utf8')),
    )
    const authorities = splitPem(ca ?? '').map(readFacts)
    const leaf = readLeaf({ certificate: certificate ?? '', key: key ?? '' }, authorities)
    return { authorities, leaf, served: [] }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new NsmError(
      'BAD_INPUT',
      `certificate in ${folder}: ${why}; make one with: nsm certs init --dir ${folder}`,
      {
        cause,
      },
    )
  }
}

function parseDuration(value: string): number {
  try {
    return duration(value)
  } catch (cause) {
    throw new NsmError('BAD_USAGE', `--wait ${value}: expected a duration like 500ms, 30s or 2m`, { cause })
  }
}
