import { readFileSync } from 'node:fs'
import { type DescMessage, fromJson, type JsonValue, type MessageShape } from '@bufbuild/protobuf'
import { parse } from 'yaml'
import type { LinkPlan } from '#kernel/link-plan.ts'

/** A scenario is a folder; the file that one hop writes is the file that the next one reads. */
export interface Scenario {
  readonly name: string
}

/** The scenario of this folder under test/dataflow. */
export function scenario(name: string): Scenario {
  return { name }
}

/** Reads a YAML or JSON file of a scenario. */
export function readFile({ name }: Scenario, file: string): unknown {
  return parse(readFileSync(`test/dataflow/${name}/${file}`, 'utf8'))
}

/** Reads a list of protobuf messages in their JSON form. */
export function messagesOf<D extends DescMessage>(
  story: Scenario,
  file: string,
  schema: D,
): readonly MessageShape<D>[] {
  return (readFile(story, file) as readonly JsonValue[]).map(item => fromJson(schema, item))
}

/** Reads link plans; cookies are text in JSON. */
export function plansOf(story: Scenario, file: string): readonly LinkPlan[] {
  return JSON.parse(JSON.stringify(readFile(story, file)), (key, value: unknown) =>
    key === 'cookie' ? BigInt(String(value)) : value,
  ) as readonly LinkPlan[]
}

/** JSON with two blanks and a line end; 64-bit numbers as text. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? item.toString() : item), 2)}\n`
}
