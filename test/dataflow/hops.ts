import { readFileSync } from 'node:fs'
import { type DescMessage, fromJson, type MessageShape, toJson } from '@bufbuild/protobuf'
import { parse } from 'yaml'

/** A scenario is a folder; the file that one hop writes is the file that the next one reads. */
export interface Scenario {
  readonly name: string
  /** Path of one of its files, from the root of the project. */
  readonly path: (file: string) => string
}

/** The scenario of this folder under test/dataflow. */
export function scenario(name: string): Scenario {
  return { name, path: file => `test/dataflow/${name}/${file}` }
}

/** Reads a YAML or JSON file of a scenario. */
export function readFile(story: Scenario, file: string): unknown {
  return parse(readFileSync(story.path(file), 'utf8'))
}

/** Reads a protobuf message of a scenario, in its JSON form. */
export function readMessage<D extends DescMessage>(
  story: Scenario,
  file: string,
  schema: D,
): MessageShape<D> {
  return fromJson(schema, JSON.parse(readFileSync(story.path(file), 'utf8')))
}

/** JSON with two blanks and a line end, 64-bit numbers as text. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? item.toString() : item), 2)}\n`
}

/** The JSON form of a message. */
export function messageJson<D extends DescMessage>(schema: D, message: MessageShape<D>): string {
  return json(toJson(schema, message))
}
