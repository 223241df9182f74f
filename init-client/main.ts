import { main } from '#runtime/main.ts'
import { program } from './program.ts'

await main(program)
