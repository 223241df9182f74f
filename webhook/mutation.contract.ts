/** A mistake that somebody could make: a text of a file, which it has once, and what stands there instead. */
export interface Fault {
  readonly file: string
  /** In words. */
  readonly fault: string
  readonly from: string
  readonly to: string
}

/** Mistakes that the goldens must catch, each by itself. */
export const faults: readonly Fault[] = [
  // Hop 2 itself.
  {
    file: 'patch.ts',
    fault: 'an earlier injection is not taken out',
    from: '[...earlier.patch, ...injectionPatch(earlier.pod, injection)]',
    to: 'injectionPatch(earlier.pod, injection)',
  },
  {
    file: 'patch.ts',
    fault: 'the patch is made for the pod as it came',
    from: 'injectionPatch(earlier.pod, injection)',
    to: 'injectionPatch(pod, injection)',
  },
  {
    file: 'patch.ts',
    fault: 'the reasons for leaving a pod alone are lost',
    from: 'reasons: decision.reasons',
    to: 'reasons: []',
  },
  {
    file: 'patch.ts',
    fault: 'the warnings about a pod that is left alone are lost',
    from: 'warnings: decision.warnings',
    to: 'warnings: []',
  },
  {
    file: 'patch.ts',
    fault: 'the warnings about an injected pod are lost',
    from: '    warnings,\n',
    to: '    warnings: [],\n',
  },
  {
    file: 'patch.ts',
    fault: 'the services are not told',
    from: '...(services === undefined ? {} : { services }),',
    to: '',
  },
  {
    file: 'patch.ts',
    fault: 'another variable is told as the services',
    from: 'find(({ name }) => name === servicesVariable)',
    to: 'at(-1)',
  },
  {
    file: 'patch.ts',
    fault: 'a second injection is not told from a first',
    from: "if (pass === 'again') return 'injected-again'",
    to: '',
  },
  {
    file: 'patch.ts',
    fault: 'pod and namespace are mixed up',
    from: "by === 'pod' ? 'injected' : 'injected-inherited'",
    to: "by === 'pod' ? 'injected-inherited' : 'injected'",
  },
  {
    file: 'patch.ts',
    fault: 'the wrong list is looked at for having been there',
    from: "gapIn(pod, ['spec', list])",
    to: "gapIn(pod, ['spec', 'initContainers'])",
  },
  {
    file: 'patch.ts',
    fault: 'annotations that were absent are not remembered',
    from: "gapIn(pod, ['metadata', 'annotations'])]",
    to: "gapIn(pod, ['metadata'])]",
  },
  {
    file: 'patch.ts',
    fault: 'the last container becomes the default one',
    from: 'pod.spec?.containers?.[0]?.name',
    to: 'pod.spec?.containers?.at(-1)?.name',
  },
  {
    file: 'patch.ts',
    fault: 'a default container that the user chose is written over',
    from: 'first === undefined || annotationsOf(pod)[defaultContainerAnnotation] !== undefined',
    to: 'first === undefined',
  },
  {
    file: 'patch.ts',
    fault: 'a container without a name becomes the default one',
    from: 'first === undefined || annotationsOf(pod)',
    to: 'annotationsOf(pod)',
  },
  {
    file: 'patch.ts',
    fault: 'the default container is not set',
    from: '{ ...defaults, [statusAnnotation]: printStatus(status) }',
    to: '{ [statusAnnotation]: printStatus(status) }',
  },
  {
    file: 'patch.ts',
    fault: 'the status is not written',
    from: '{ ...defaults, [statusAnnotation]: printStatus(status) }',
    to: '{ ...defaults }',
  },
  {
    file: 'patch.ts',
    fault: 'the status has no image',
    from: "image: container.image ?? ''",
    to: "image: ''",
  },
  {
    file: 'patch.ts',
    fault: 'the status has no digest',
    from: '    digest,\n    initContainers',
    to: "    digest: '',\n    initContainers",
  },
  {
    file: 'patch.ts',
    fault: 'the status does not list the init container',
    from: "initContainers: list === 'initContainers' ? [container.name ?? ''] : []",
    to: 'initContainers: []',
  },
  {
    file: 'patch.ts',
    fault: 'the status lists the side-car among the init containers',
    from: "initContainers: list === 'initContainers' ?",
    to: 'initContainers: true ?',
  },
  {
    file: 'patch.ts',
    fault: 'the status does not list the ordinary container',
    from: "containers: list === 'containers' ? [container.name ?? ''] : []",
    to: 'containers: []',
  },
  {
    file: 'patch.ts',
    fault: 'the status does not list the annotation',
    from: 'annotations: defaults,',
    to: 'annotations: {},',
  },
  {
    file: 'patch.ts',
    fault: 'what was absent is taken for null',
    from: "made: placesThat(gaps, 'absent')",
    to: "made: placesThat(gaps, 'null')",
  },
  {
    file: 'patch.ts',
    fault: 'what was null is forgotten',
    from: "Object.fromEntries(placesThat(gaps, 'null').map(place => [place, null]))",
    to: '{}',
  },
  {
    file: 'patch.ts',
    fault: 'the container is not put in',
    from: '    placeContainer(pod, injection),\n',
    to: '',
  },
  {
    file: 'patch.ts',
    fault: 'a list that is empty is replaced',
    from: '(pod.spec?.[list] ?? undefined) === undefined',
    to: '(pod.spec?.[list] ?? []).length === 0',
  },
  {
    file: 'patch.ts',
    fault: 'a list that is null is taken for one',
    from: '(pod.spec?.[list] ?? undefined) === undefined',
    to: 'pod.spec?.[list] === undefined',
  },
  {
    file: 'patch.ts',
    fault: 'a list is made of what is none',
    from: 'value: [container] }',
    to: 'value: container }',
  },
  {
    file: 'patch.ts',
    fault: 'the order is not kept',
    from: "pointer('spec', list, index)",
    to: "pointer('spec', list, 0)",
  },
  {
    file: 'patch.ts',
    fault: 'the order is off by one',
    from: "pointer('spec', list, index)",
    to: "pointer('spec', list, index + 1)",
  },
  {
    file: 'patch.ts',
    fault: 'a container of the user’s is replaced',
    from: ": { op: 'add', path: pointer('spec', list, index)",
    to: ": { op: 'replace', path: pointer('spec', list, index)",
  },
  // What writes the operations.
  {
    file: 'json-patch.ts',
    fault: 'a slash in a key is not escaped',
    from: ".replaceAll('/', '~1')",
    to: '',
  },
  {
    file: 'json-patch.ts',
    fault: 'keys are escaped in the wrong order',
    from: ".replaceAll('~', '~0').replaceAll('/', '~1')",
    to: ".replaceAll('/', '~1').replaceAll('~', '~0')",
  },
  {
    file: 'json-patch.ts',
    fault: 'absent and null are mixed up',
    from: "found === undefined ? 'absent' : 'null'",
    to: "found === undefined ? 'null' : 'absent'",
  },
  {
    file: 'json-patch.ts',
    fault: 'the outer place is told instead of the one that is missing',
    from: 'path: pointer(...path.slice(0, depth + 1))',
    to: 'path: pointer(...path.slice(0, depth))',
  },
  {
    file: 'json-patch.ts',
    fault: 'a map that is missing is made at the wrong depth',
    from: 'path: pointer(...path.slice(0, missing + 1))',
    to: 'path: pointer(...path.slice(0, missing))',
  },
  {
    file: 'json-patch.ts',
    fault: 'a map that is missing is wrapped once more',
    from: 'path.slice(missing + 1).reduceRight',
    to: 'path.slice(missing).reduceRight',
  },
  {
    file: 'json-patch.ts',
    fault: 'a map that is there is replaced',
    from: 'if (missing === undefined) {',
    to: 'if (false) {',
  },
  {
    file: 'json-patch.ts',
    fault: 'null is taken for a map',
    from: "typeof value === 'object' && value !== null",
    to: "typeof value === 'object'",
  },
  // The way back.
  {
    file: 'unpatch.ts',
    fault: 'containers are taken out from the front',
    from: '.toReversed()',
    to: '',
  },
  {
    file: 'unpatch.ts',
    fault: 'every container is taken out',
    from: 'if (status[field].includes(name))',
    to: '',
  },
  {
    file: 'unpatch.ts',
    fault: 'a default container that its owner has changed is taken out',
    from: '(found !== undefined && found === defaultContainer)',
    to: 'found !== undefined',
  },
  {
    file: 'unpatch.ts',
    fault: 'a place that others use since is taken out',
    from: "found !== undefined && (isEmpty(found) || path.startsWith('/spec/dns'))",
    to: 'found !== undefined',
  },
  {
    file: 'unpatch.ts',
    fault: 'a place that was made stays',
    from: "if (isOurs(pod, path)) change({ op: 'remove', path })",
    to: '',
  },
  {
    file: 'unpatch.ts',
    fault: 'what was replaced is not put back',
    from: 'Object.entries(status.replaced)',
    to: '[]',
  },
  {
    file: 'unpatch.ts',
    fault: 'a field of the pod that was replaced stays so',
    from: "|| path.startsWith('/spec/dns')",
    to: '',
  },
  {
    file: 'status.ts',
    fault: 'a status may name any ordinary container',
    from: "textsOf(status['containers']).filter(name => ownNames.includes(name))",
    to: "textsOf(status['containers'])",
  },
  {
    file: 'status.ts',
    fault: 'a status may name any container',
    from: "textsOf(status['initContainers']).filter(name => ownNames.includes(name))",
    to: "textsOf(status['initContainers'])",
  },
  {
    file: 'status.ts',
    fault: 'a status of another version is read',
    from: "isObject(parsed) && parsed['version'] === 1",
    to: 'isObject(parsed)',
  },
  // What the decision rests on.
  {
    file: 'decide.ts',
    fault: 'the digest alone says that a container is current',
    from: 'status?.digest === injection.digest && isThere(pod, injection, status)',
    to: 'status?.digest === injection.digest',
  },
  {
    file: 'decide.ts',
    fault: 'a status without a container says that it is current',
    from: 'found !== undefined && found.name === ours[0] && isIntact(found, container)',
    to: '(found === undefined || isIntact(found, container))',
  },
  {
    file: 'decide.ts',
    fault: 'a pod that ends gets a container that stays',
    from: "(pod.spec?.restartPolicy ?? 'Always') === 'Always' ? 'sidecar-container' : 'init'",
    to: "'sidecar-container'",
  },
  {
    file: 'decide.ts',
    fault: 'a Guaranteed pod is not limited',
    from: "if (isGuaranteedByContainers(pod)) return 'equal'",
    to: '',
  },
  {
    file: 'container/render.ts',
    fault: 'a native side-car is restarted as the pod is',
    from: "restartPolicy: 'Always',",
    to: '',
  },
  {
    file: 'container/render.ts',
    fault: 'capabilities are kept',
    from: "capabilities: { drop: ['ALL'] },",
    to: '',
  },
  {
    file: 'container/covers.ts',
    fault: 'amounts are compared by the letter',
    from: 'there !== undefined && sameQuantity(there, amount)',
    to: 'there === amount',
  },
]
