/** For tests: applies plans, JSON with cookies as text, in the node that this process is in; prints the states. */
import { apply } from './apply.ts'
import type { LinkPlan } from './link-plan.ts'
import { netlinkKernel } from './netlink.ts'

using kernel = netlinkKernel()
const plans: readonly LinkPlan[] = JSON.parse(process.argv[2] ?? '[]', (key, value: unknown) =>
  key === 'cookie' ? BigInt(String(value)) : value,
)
for (const plan of plans) {
  const { ends, changes } = await apply(kernel, plan, AbortSignal.timeout(5000))
  const [{ index, mac, mtu }] = ends
  process.stdout.write(`${JSON.stringify({ index, mac, mtu, changes })}\n`)
}
