import { readdirSync } from 'node:fs'
import { toJson } from '@bufbuild/protobuf'
import jsonPatch from 'fast-json-patch'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { planLinks } from '#forwarder/plan.ts'
import { config as initConfig } from '#init-client/config.ts'
import { entriesOf } from '#init-client/entries.ts'
import { toRequests } from '#init-client/request.ts'
import { apply } from '#kernel/apply.ts'
import { addUnderlay } from '#kernel/example-underlay.ts'
import { FakeKernel } from '#kernel/fake.ts'
import { list } from '#kernel/list.ts'
import { remove } from '#kernel/remove.ts'
import { type Pod, readPod } from '#kube/pod.ts'
import { readConfig } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import { parseAnnotations } from '#sdk/service-ref.ts'
import { CrossConnectSchema } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { NetworkServiceRequestSchema } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { config as webhookConfig } from '#webhook/config.ts'
import { patchPod } from '#webhook/patch.ts'
import { patchSettings } from '#webhook/settings.ts'
import { json, messagesOf, plansOf, readFile, type Scenario, scenario } from './hops.ts'
import { crossConnectsOf } from './manager-hop.ts'

const settings = patchSettings(readConfig(webhookConfig, {}))
const injected = ['kernel-ping', 'two-services'].map(scenario)
const wired = [...injected, scenario('other-node')]

function podOf(story: Scenario, file: string): Pod {
  return readPod(readFile(story, file))
}

describe.each(injected)('$name: one file per hop, from the annotation to the cross connect', story => {
  it('hop 1: the annotation is read', async () => {
    const { refs } = parseAnnotations(podOf(story, '1-pod.yaml').metadata?.annotations ?? undefined)
    await expect(json(refs)).toMatchFileSnapshot(`${story.name}/2-services.json`)
  })

  it('hop 2: the webhook puts nsm-init in front', async () => {
    const pod = podOf(story, '1-pod.yaml')
    const { patch } = patchPod(pod, { settings })
    const patched = jsonPatch.applyPatch(
      structuredClone(pod),
      structuredClone([...patch]) as jsonPatch.Operation[],
    ).newDocument
    await expect(stringify(patched)).toMatchFileSnapshot(`${story.name}/3-pod.injected.yaml`)
  })

  it('hop 3: nsm-init turns its environment into requests', async () => {
    const pod = podOf(story, '3-pod.injected.yaml')
    const init = pod.spec?.initContainers?.find(({ name }) => name === 'nsm-init')
    const env = Object.fromEntries((init?.env ?? []).map(({ name, value }) => [name, value]))
    const config = readConfig(initConfig, { ...env, POD_NAME: pod.metadata?.name })
    const requests = toRequests(entriesOf(config), {
      podName: config.podName,
      namespace: config.namespace,
      routes: config.routes,
    })
    await expect(
      json(requests.map(request => toJson(NetworkServiceRequestSchema, request))),
    ).toMatchFileSnapshot(`${story.name}/4-requests.json`)
  })

  it('hop 4: the manager selects an endpoint, asks it, and says what to join', async () => {
    const requests = messagesOf(story, '4-requests.json', NetworkServiceRequestSchema)
    const made = await crossConnectsOf(podOf(story, '3-pod.injected.yaml'), requests)
    await expect(json(made.map(one => toJson(CrossConnectSchema, one)))).toMatchFileSnapshot(
      `${story.name}/5-cross-connects.json`,
    )
  })
})

describe.each(wired)('$name: one file per hop, from the cross connect to the interface', story => {
  it('hop 5: the forwarder plans the links', async () => {
    const plans = messagesOf(story, '5-cross-connects.json', CrossConnectSchema).map(planLinks)
    await expect(json(plans)).toMatchFileSnapshot(`${story.name}/6-plans.json`)
  })

  it('hop 6: the kernel is changed, once; a refresh changes nothing, and closing leaves nothing', async () => {
    const plans = plansOf(story, '6-plans.json')
    using kernel = new FakeKernel()
    addUnderlay(kernel)
    const namespaces = plans.flatMap(plan => plan.ends.map(({ netns }) => netns))
    const last = namespaces.map(({ cookie }) => cookie).reduce((a, b) => (a > b ? a : b))
    while (kernel.addNetns().cookie < last);
    const forever = new AbortController().signal
    const states = []
    for (const plan of plans) states.push(await apply(kernel, plan, forever))
    const text = states
      .map(({ id, changes }) => `${id}\n${changes.map(change => `  ${change}\n`).join('')}`)
      .join('')
    await expect(text).toMatchFileSnapshot(`${story.name}/7-changes.txt`)
    for (const plan of plans) expect((await apply(kernel, plan, forever)).changes).toEqual([])
    for (const { id, ends } of plans)
      await remove(
        kernel,
        id,
        ends.map(({ netns }) => netns),
      )
    expect(list(kernel, namespaces)).toEqual([])
  })
})

it('not-injected: the webhook says why it leaves the pod alone', async () => {
  const story = scenario('not-injected')
  const { patch, reasons } = patchPod(podOf(story, '1-pod.yaml'), { settings })
  await expect(json({ patch, reasons })).toMatchFileSnapshot('not-injected/2-decision.json')
})

it('refused: the webhook names entry and column', async () => {
  const story = scenario('refused')
  const refusal = (() => {
    try {
      patchPod(podOf(story, '1-pod.yaml'), { settings })
      return 'accepted'
    } catch (thrown) {
      return NsmError.from(thrown).message
    }
  })()
  await expect(`${refusal}\n`).toMatchFileSnapshot('refused/2-refusal.txt')
})

it('every file of a scenario belongs to a hop', () => {
  const known = [
    '1-pod.yaml',
    '2-services.json',
    '3-pod.injected.yaml',
    '4-requests.json',
    '5-cross-connects.json',
    '6-plans.json',
    '7-changes.txt',
    '2-decision.json',
    '2-refusal.txt',
  ]
  const folders = readdirSync('test/dataflow', { withFileTypes: true }).filter(entry => entry.isDirectory())
  expect(folders.map(({ name }) => name).toSorted()).toEqual([
    'kernel-ping',
    'not-injected',
    'other-node',
    'refused',
    'two-services',
  ])
  expect(
    folders.flatMap(({ name }) => readdirSync(`test/dataflow/${name}`)).filter(file => !known.includes(file)),
  ).toEqual([])
})
