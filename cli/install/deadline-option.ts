import { Option } from 'commander'
import { duration } from '#runtime/parse.ts'
import { NsmError } from '#sdk/errors.ts'

/** `--wait`: how long the work may take; default five minutes. */
export function deadlineOption(description: string): Option {
  return new Option('--wait <duration>', description).default(300_000, '5m').argParser(value => {
    try {
      return duration(value)
    } catch (cause) {
      throw new NsmError('BAD_USAGE', `--wait ${value}: expected a duration like 30s or 5m`, { cause })
    }
  })
}
