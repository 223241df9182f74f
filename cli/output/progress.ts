import type { Context } from '#cli/context.ts'
import { type ErrorCode, isErrorCode, NsmError } from '#sdk/errors.ts'
import type { Progress } from '#sdk/wire/gen/local/local_pb.ts'

const colours: Readonly<Record<string, 'green' | 'red' | 'yellow' | 'dim'>> = {
  created: 'green',
  configured: 'green',
  ready: 'green',
  deleted: 'green',
  unchanged: 'dim',
  note: 'yellow',
  ignored: 'yellow',
  waiting: 'yellow',
  refused: 'red',
  failed: 'red',
}

/**
 * Prints progress as it comes: on a terminal, waiting lines are redrawn in place; elsewhere each change is a line.
 * Throws the error that the last message carries.
 */
export async function showProgress(stream: AsyncIterable<Progress>, context: Context): Promise<void> {
  const live = new Map<string, string>()
  let drawn = 0
  const erase = () => {
    if (drawn > 0) context.note(`\u001b[${drawn}A\u001b[J`)
    drawn = 0
  }
  for await (const item of stream) {
    if (context.progress === 'live') erase()
    if (item.errorCode !== '') throw new NsmError(codeOf(item.errorCode), item.text)
    const line = formatProgress(item, context)
    if (item.state === 'waiting' && context.progress === 'live')
      live.set(item.object, shortened(item, context))
    else {
      live.delete(item.object)
      if (line !== '') context.note(line)
    }
    if (context.progress === 'live') {
      for (const waiting of live.values()) context.note(waiting)
      drawn = live.size
    }
  }
}

function formatProgress(item: Progress, context: Context): string {
  if (item.object === '' && item.text === '') return ''
  const state = context.paint(colours[item.state] ?? 'dim', item.state)
  return `${[item.object, state, item.text].filter(part => part !== '').join(' ')}\n`
}

/** A waiting line of at most the width of the terminal. */
function shortened(item: Progress, context: Context): string {
  const room = Math.max(10, context.columns() - item.object.length - item.state.length - 3)
  const text = item.text.length > room ? `${item.text.slice(0, room - 1)}…` : item.text
  return formatProgress({ ...item, text }, context)
}

function codeOf(text: string): ErrorCode {
  return isErrorCode(text) ? text : 'INTERNAL'
}
