import { dial } from '#sdk/rpc/dial.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { mechanismClass, mechanismType, parameter } from '#sdk/wire/mechanism.ts'
import { measure } from './measure.ts'

/**
 * One client that lives on and asks for many connections, as a process in a pod: the way in which the figures of
 * others were taken (an open channel, no start of a process). Prints its series as JSON.
 */
const [socket = '', service = ''] = process.argv.slice(2)
const count = 100
await using channel = dial(`unix://${socket}`)
const client = channel.client(NetworkService)
const request = (index: number) =>
  client.request({
    connection: {
      id: `load-${index}`,
      networkService: service,
      context: { ipContext: { srcIpRequired: true, dstIpRequired: true } },
    },
    mechanismPreferences: [
      {
        cls: mechanismClass.local,
        type: mechanismType.kernel,
        parameters: { [parameter.name]: `load${index}` },
      },
    ],
  })
const numbers = (from: number) => Array.from({ length: count }, (_, index) => from + index)
const first = numbers(0)
const alone = await measure(
  'open channel: Request to reply, one at a time',
  { items: first, parallel: 1 },
  request,
)
const again = await measure('open channel: refresh, one at a time', { items: first, parallel: 1 }, request)
const second = { items: numbers(first.length), parallel: 16 }
const together = await measure('open channel: Request to reply, 16 at a time', second, request)
process.stdout.write(JSON.stringify([alone, together, again]))
