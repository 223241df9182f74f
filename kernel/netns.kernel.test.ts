import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { assertNotOwn, createNetns, inNetns, type Netns, netnsOf, nodeNetns } from './netns.ts'
import { openNetns } from './resolve.ts'
import { temporaryFolder } from './scratch.ts'

const sneaky: () => unknown = () => Promise.resolve()
const descriptors = () => readdirSync('/proc/self/fd').length
const here = () => readlinkSync('/proc/thread-self/ns/net')

describe('createNetns()', () => {
  test('makes a namespace of its own and removes its file on disposal', () => {
    using folder = temporaryFolder()
    const before = here()
    const pod = createNetns(`${folder.path}/pod`)
    expect(here()).toBe(before)
    expect(pod.cookie).not.toBe(nodeNetns().cookie)
    expect(inNetns(pod, here)).toBe(`net:[${pod.inode}]`)
    pod[Symbol.dispose]()
    expect(existsSync(pod.path)).toBe(false)
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(pod.path)
  })

  test('leaves the file alone when it exists', () => {
    using folder = temporaryFolder()
    using pod = createNetns(`${folder.path}/pod`)
    expect(() => createNetns(pod.path)).toThrow('EEXIST')
    expect(inNetns(pod, here)).toBe(`net:[${pod.inode}]`)
  })
})

describe('inNetns()', () => {
  test('returns home when the function throws', () => {
    using folder = temporaryFolder()
    using pod = createNetns(`${folder.path}/pod`)
    const before = here()
    expect(() =>
      inNetns(pod, () => {
        throw new Error('inside')
      }),
    ).toThrow('inside')
    expect(here()).toBe(before)
  })

  test('returns to the outer namespace when nested', () => {
    using folder = temporaryFolder()
    using outer = createNetns(`${folder.path}/outer`)
    using inner = createNetns(`${folder.path}/inner`)
    const seen = inNetns(outer, () => [inNetns(inner, here), here()])
    expect(seen).toEqual([`net:[${inner.inode}]`, `net:[${outer.inode}]`])
  })

  test('refuses a promise when the function turns out to be asynchronous', () => {
    using folder = temporaryFolder()
    using pod = createNetns(`${folder.path}/pod`)
    expect(() => inNetns(pod, sneaky)).toThrow('synchronous')
  })
})

describe('openNetns()', () => {
  test('finds a namespace by the pid of a process in it', async () => {
    using folder = temporaryFolder()
    using pod = createNetns(`${folder.path}/pod`)
    const child = inNetns(pod, () => spawn('sleep', ['60']))
    const pid = child.pid ?? 0
    expect(netnsOf(pid).cookie).toBe(pod.cookie)
    using opened = openNetns({ cookie: pod.cookie, pidHint: pid })
    expect(opened.inode).toBe(pod.inode)
    child.kill('SIGKILL')
    await once(child, 'exit')
  })

  test('finds a namespace by its bind mount when the process of the hint is gone or is another', () => {
    using folder = temporaryFolder()
    using pod = createNetns(`${folder.path}/pod`)
    for (const name of [
      { cookie: pod.cookie },
      { cookie: pod.cookie, pidHint: process.pid },
      { cookie: pod.cookie, inode: pod.inode, pidHint: 4_000_000 },
    ]) {
      using opened = openNetns(name)
      expect(opened.cookie).toBe(pod.cookie)
    }
  })

  test('throws ENOENT when the namespace is gone, although its inode number has been given to another', async ({
    skip,
  }) => {
    using folder = temporaryFolder()
    using twins = await sameInode(folder.path)
    if ('tried' in twins) skip(`no inode number came again in ${twins.tried} namespaces`)
    if ('tried' in twins) return
    const { old, reborn } = twins
    expect(reborn.inode).toBe(old.inode)
    expect(reborn.cookie).not.toBe(old.cookie)
    const child = inNetns(reborn, () => spawn('sleep', ['60']))
    const inode = reborn.inode
    for (const hints of [{ inode }, { inode, pidHint: process.pid }, { inode, pidHint: child.pid ?? 0 }]) {
      expect(() => openNetns({ cookie: old.cookie, ...hints })).toThrow(/the pod is gone.*ENOENT/)
    }
    child.kill('SIGKILL')
    await once(child, 'exit')
  })

  test('keeps no descriptor when it fails or is disposed', () => {
    using folder = temporaryFolder()
    using pod = createNetns(`${folder.path}/pod`)
    const before = descriptors()
    for (let i = 0; i < 20; i++) {
      const opened = openNetns({ cookie: pod.cookie })
      opened[Symbol.dispose]()
      opened[Symbol.dispose]()
      expect(() => openNetns({ cookie: 1n })).toThrow('ENOENT')
    }
    expect(descriptors()).toBe(before)
  })
})

describe('assertNotOwn()', () => {
  test('refuses the namespace of the node itself and passes another', () => {
    expect(() => assertNotOwn(nodeNetns())).toThrow(/hostNetwork.*EPERM/)
    expect(() => assertNotOwn({ cookie: 1n })).not.toThrow()
  })
})

/**
 * A namespace that is gone and one that lives with its inode number. Makes and ends namespaces until the kernel gives a number
 * again, which it does some time after it has freed it, to whatever in procfs wants one first.
 */
async function sameInode(
  folder: string,
): Promise<({ readonly old: Netns; readonly reborn: Netns } | { readonly tried: number }) & Disposable> {
  const gone = new Map<bigint, Netns>()
  const tried = 2000
  for (let at = 0; at < tried; at++) {
    const netns = createNetns(`${folder}/${at}`)
    const old = gone.get(netns.inode)
    if (old !== undefined) return { old, reborn: netns, [Symbol.dispose]: () => netns[Symbol.dispose]() }
    netns[Symbol.dispose]()
    gone.set(netns.inode, netns)
    await setImmediate()
  }
  return { tried, [Symbol.dispose]: () => {} }
}
