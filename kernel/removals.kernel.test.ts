import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { netlinkKernel } from './netlink.ts'
import { createNetns, type Netns } from './netns.ts'
import type { Kernel, Namespace } from './port.ts'
import { temporaryFolder } from './scratch.ts'

describe('link.remove(), asked many times at once', () => {
  let owned: DisposableStack
  let kernel: Kernel
  let path: string

  beforeEach(() => {
    owned = new DisposableStack()
    path = owned.use(temporaryFolder()).path
    kernel = owned.use(netlinkKernel())
  })

  afterEach(() => owned.dispose())

  const newPod = (name: string): Netns => owned.use(createNetns(`${path}/${name}`))
  const open = (pod: Netns): Namespace => owned.use(kernel.open(pod))
  const names = (namespace: Namespace) => namespace.link.list().map(({ name }) => name)

  function addBridges(namespace: Namespace, count: number): readonly number[] {
    return Array.from({ length: count }, (_, at) => {
      namespace.link.createBridge(`br${at}`)
      return namespace.link.get(`br${at}`)?.index ?? 0
    })
  }

  test('removes all that were named, in several namespaces, and nothing else', async () => {
    const namespaces = ['a', 'b', 'c'].map(name => open(newPod(name)))
    const asked = namespaces.flatMap(namespace => {
      namespace.link.createBridge('stays')
      return addBridges(namespace, 11).map(index => namespace.link.remove(index))
    })
    await Promise.all(asked)
    expect(namespaces.map(names)).toEqual([
      ['lo', 'stays'],
      ['lo', 'stays'],
      ['lo', 'stays'],
    ])
  })

  test('takes one that is gone, or is named twice, for removed', async () => {
    const namespace = open(newPod('a'))
    const [first = 0, second = 0, third = 0] = addBridges(namespace, 3)
    await namespace.link.remove(second)
    await Promise.all([first, second, third, third, 4711].map(index => namespace.link.remove(index)))
    expect(names(namespace)).toEqual(['lo'])
  })

  test('tells of the one that the kernel refuses, and removes the others', async () => {
    const namespace = open(newPod('a'))
    const [first = 0, second = 0] = addBridges(namespace, 2)
    const loopback = 1
    const results = await Promise.allSettled(
      [first, loopback, second].map(index => namespace.link.remove(index)),
    )
    expect(names(namespace)).toEqual(['lo'])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  test('keeps a pod that ends meanwhile alive no longer than the removal takes', async () => {
    const stop = new AbortController()
    const events = kernel.events(stop.signal)
    const pod = createNetns(`${path}/pod`)
    const namespace = kernel.open(pod)
    kernel.follow(namespace)
    const asked = addBridges(namespace, 20).map(index => namespace.link.remove(index))
    namespace[Symbol.dispose]()
    pod[Symbol.dispose]()
    await Promise.all(asked)
    const deadline = setInterval(() => stop.abort(new Error('the namespace lives on')), 5000)
    for await (const event of events) {
      if (event.type === 'netns.gone' && event.netns === pod.cookie) break
    }
    clearInterval(deadline)
    expect(stop.signal.aborted).toBe(false)
    stop.abort()
    await delay(0)
  })
})
