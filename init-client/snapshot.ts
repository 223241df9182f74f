import { startupSnapshot } from 'node:v8'
import { main } from '#runtime/main.ts'
import { program } from './program.ts'
import { rehearse } from './rehearse.ts'

/**
 * What `node --build-snapshot` runs: a process that begins with the snapshot finds all modules loaded and what it needs
 * compiled. Nothing that differs from process to process may be read here.
 */
startupSnapshot.setDeserializeMainFunction(() => void main(program))
void rehearse().then(letTimersEnd)

/**
 * Node remembers when the next timer is due, also that of one that was cleared, and the snapshot with it: a process that begins
 * with it would then arm none that is due later, and end while it waits. A timer that fires makes Node look again.
 */
function letTimersEnd(): void {
  setTimeout(() => {}, 1)
}
