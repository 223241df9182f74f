import type { NetnsFile } from '#kernel/netns.ts'
import type { ContainerSpec, PodObject } from '#local/objects/object.ts'
import type { Command } from '#local/processes/start-process.ts'
import { programPath } from '#local/program-path.ts'
import { environmentOf, type FindConfig } from './environment.ts'
import { expand } from './expand.ts'
import { programOfImage } from './image.ts'

/** What the command of a container depends on. */
export interface CommandOptions {
  readonly pod: PodObject
  readonly node: string
  readonly netns: NetnsFile
  readonly find: FindConfig
  /** What every container gets: PATH and the like. */
  readonly baseEnv: Readonly<Record<string, string>>
  /** Variables of the engine for this container, such as its workspace; the container cannot change them. */
  readonly ownEnv: Readonly<Record<string, string>>
}

/** What a container runs, and where: our own program for an image of ours, else its command. */
export function commandOf(container: ContainerSpec, options: CommandOptions): Command {
  const { pod, baseEnv, ownEnv, netns } = options
  const env = { ...baseEnv, HOSTNAME: pod.metadata.name, ...environmentOf(container, options), ...ownEnv }
  const args = (container.args ?? []).map(text => expand(text, env))
  return {
    argv: [...entryOf(container).map(text => expand(text, env)), ...args],
    env,
    netns,
    ...(container.workingDir === undefined ? {} : { cwd: container.workingDir }),
  }
}

function entryOf({ image, command }: ContainerSpec): readonly string[] {
  const program = programOfImage(image)
  return program === undefined ? (command ?? []) : [process.execPath, programPath(program)]
}
