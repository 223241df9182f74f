import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { NetnsName } from '#kernel/link-plan.ts'
import { createNetns, inNetns } from '#kernel/netns.ts'
import { temporaryFolder } from '#kernel/scratch.ts'

/** Pods for checks: each a process that waits in a network namespace of its own, as in a container. */
export interface Pods extends Disposable {
  readonly add: () => NetnsName
  /** Ends a pod and waits for its end; one that has ended is success. */
  readonly remove: (netns: NetnsName) => Promise<void>
}

/** No pods yet; disposing ends those that live. Adding throws KernelError EPERM without CAP_SYS_ADMIN. */
export function newPods(): Pods {
  const living = new Map<NetnsName, ChildProcess>()
  const folder = temporaryFolder()
  let number = 0
  return {
    add() {
      number += 1
      // Only for as long as it takes to start the process: a mount would keep the namespace when that ends.
      using netns = createNetns(`${folder.path}/${number}`)
      // It ends by itself when this program does, because nobody holds the other end of its input then.
      const child = inNetns(netns, () => spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] }))
      const { cookie, inode } = netns
      const name = { cookie, inode, ...(child.pid === undefined ? {} : { pidHint: child.pid }) }
      living.set(name, child)
      return name
    },
    async remove(netns) {
      const child = living.get(netns)
      if (!living.delete(netns) || child?.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
    [Symbol.dispose]() {
      for (const child of living.values()) child.kill('SIGKILL')
      folder[Symbol.dispose]()
    },
  }
}
