import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import type { Event } from '#sdk/wire/gen/admin/admin_pb.ts'
import { EventsRequestSchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import { type EventKeeper, Events } from './events.ts'

function memory(): EventKeeper & { readonly kept: Event[] } {
  const kept: Event[] = []
  return { kept, all: () => kept, append: events => kept.push(...events) }
}

async function all(events: Events): Promise<readonly Event[]> {
  return await Array.fromAsync(events.select(create(EventsRequestSchema), new AbortController().signal))
}

const connection = { networkService: 'vpn' }

describe('Events', () => {
  it('keeps nothing for those who only ask what has happened', async () => {
    const events = new Events('node-1', memory())
    await all(events)
    expect(events.watching).toBe(0)
  })

  it('keeps of a request that is repeated the first run and the newest two', async () => {
    const events = new Events('node-1', memory())
    for (let run = 1; run <= 6; run += 1) {
      const attempt = events.begin('c1')
      events.tell(
        { step: 'requested', object: 'default/client', text: 'asks' },
        { id: 'c1', attempt, connection },
      )
    }
    expect((await all(events)).map(({ attempt }) => attempt)).toEqual([1, 5, 6])
    expect(events.attemptOf('c1')).toBe(6)
  })

  it('never remembers more than 5,000', async () => {
    const events = new Events('node-1', memory())
    for (let number = 0; number < 12_000; number += 1)
      events.tell({ step: 'pod-started', object: `${number}`, text: '' })
    const left = await all(events)
    expect(left.length).toBeLessThanOrEqual(5000)
    expect(left.at(-1)?.object).toBe('11999')
  })

  it('hands everything to its keeper, and has it again', async () => {
    const keeper = memory()
    const events = new Events('node-1', keeper)
    events.tell(
      { step: 'requested', object: 'default/client', text: 'asks' },
      { id: 'c1', attempt: events.begin('c1'), connection },
    )
    events.save()
    const again = new Events('node-1', keeper)
    expect(await all(again)).toHaveLength(1)
    expect(again.begin('c1')).toBe(2)
  })
})
