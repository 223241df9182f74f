import type { Step } from '#sdk/chain/step.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import type { CrossConnects } from './cross-connects.ts'

/** Tells those who watch what became of a cross connect. */
export function publish(crossConnects: CrossConnects): Step<CrossConnect, CrossConnect> {
  return {
    name: 'publish',
    async request(crossConnect, call, next) {
      const wired = await next(crossConnect, call)
      crossConnects.put({ crossConnect: wired })
      return wired
    },
    async close(crossConnect, call, next) {
      await next(crossConnect, call)
      crossConnects.remove(crossConnect.id)
    },
  }
}
