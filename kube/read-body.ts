import type { Readable } from 'node:stream'

/** More than any object or page of a list has, in characters; what is longer is not an answer to us. */
const longest = 64 * 1024 * 1024

/** The whole body as text. Throws an Error when it is too long or broken off. */
export async function textOf(body: Readable): Promise<string> {
  let text = ''
  for await (const chunk of body.setEncoding('utf8')) {
    text += String(chunk)
    mustFit(text)
  }
  return text
}

/** The lines of a body as they come, without empty ones. Throws an Error when one is too long or the body breaks off. */
export async function* linesOf(body: Readable): AsyncGenerator<string, void> {
  let rest = ''
  for await (const chunk of body.setEncoding('utf8')) {
    const [first = '', ...others] = String(chunk).split('\n')
    rest += first
    mustFit(rest)
    for (const next of others) {
      if (rest !== '') yield rest
      rest = next
    }
  }
  if (rest !== '') yield rest
}

function mustFit(text: string): void {
  if (text.length > longest) throw new Error(`the answer is longer than ${longest} characters`)
}
