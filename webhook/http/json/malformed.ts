/** Bytes are not JSON, or JSON beyond the bounds; the message says what is wrong and at which byte. */
export class MalformedJson extends Error {
  override readonly name = 'MalformedJson'

  constructor(what: string, at: number) {
    super(`the body is not JSON that can be taken: ${what} at byte ${at}`)
  }
}
