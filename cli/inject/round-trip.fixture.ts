/** Inputs whose injection is taken back byte for byte. */
export interface Input {
  readonly story: string
  readonly text: string
}

const asked = 'annotations:\n    ns.networkservicemesh.io: vpn-gateway\n'

/** A pod that asks for a service. */
export const pod = `apiVersion: v1
kind: Pod
metadata:
  name: web
  ${asked}spec:
  containers:
    - name: web
      image: nginx
`

const template = (indent: string) =>
  [
    'template:',
    '  metadata:',
    '    annotations: {ns.networkservicemesh.io: vpn-gateway}',
    '  spec:',
    '    containers:',
    '    - name: web',
    '      image: nginx',
  ]
    .map(line => `${indent}${line}\n`)
    .join('')

const workload = (kind: string) =>
  `apiVersion: apps/v1\nkind: ${kind}\nmetadata:\n  name: web\nspec:\n  replicas: 2\n${template('  ')}`

const json = (value: unknown, indent?: string | number) => JSON.stringify(value, undefined, indent)

const podValue = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', annotations: { 'ns.networkservicemesh.io': 'vpn-gateway' } },
  spec: { containers: [{ name: 'web', image: 'nginx' }] },
}

const withSpec = (spec: string) => pod.replace('spec:\n', `spec:\n${spec}`)

/** Every kind, every way of writing that we know of. */
export const inputs: readonly Input[] = [
  { story: 'a pod', text: pod },
  ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job'].map(kind => ({
    story: `a ${kind}`,
    text: workload(kind),
  })),
  {
    story: 'a CronJob',
    text: `kind: CronJob\nmetadata: {name: web}\nspec:\n  jobTemplate:\n    spec:\n${template('      ')}`,
  },
  { story: 'a PodTemplate', text: `kind: PodTemplate\nmetadata:\n  name: web\n${template('')}` },
  {
    story: 'a Deployment with the annotation on its own metadata and no metadata in its template',
    text: 'kind: Deployment\nmetadata:\n  name: web\n  annotations:\n    networkservicemesh.io: a, b\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n',
  },
  {
    story: 'pods of a Namespace that carries the annotation',
    text: `kind: Namespace\nmetadata:\n  name: lab\n  ${asked}---\nkind: Pod\nmetadata: {name: a, namespace: lab}\nspec:\n  containers: [{name: a}]\n---\nkind: Pod\nmetadata:\n  namespace: lab\nspec:\n  containers:\n  - name: a\n`,
  },
  {
    story: 'several documents, of which some are empty and some are other kinds',
    text: `# head\n---\n---\nkind: ConfigMap\ndata: {a:   "b" }   # odd\n--- # pod\n${pod}...\n---\n${workload('Deployment')}---\n`,
  },
  {
    story: 'a List',
    text: `apiVersion: v1\nitems:\n- ${pod.trimEnd().replaceAll('\n', '\n  ')}\n- kind: Service\n  spec: {ports:   [1]}\n- ${pod.trimEnd().replaceAll('\n', '\n  ')}\nkind: List\nmetadata:\n  resourceVersion: ""\n`,
  },
  {
    story: 'a PodList whose items do not say their kind',
    text: 'kind: PodList\nitems:\n  - metadata:\n      name: a\n      annotations:\n        ns.networkservicemesh.io: a\n    spec:\n      containers: []\n',
  },
  {
    story: 'a List within a List',
    text: `kind: List\nitems:\n- kind: List\n  items:\n  - ${pod.trimEnd().replaceAll('\n', '\n    ')}\n`,
  },
  { story: 'JSON on one line', text: json(podValue) },
  {
    story: 'JSON on one line with blanks',
    text: '{"kind": "Pod", "metadata": {"name": "a", "annotations": {"ns.networkservicemesh.io": "a"}}, "spec": {"containers": []}}\n',
  },
  { story: 'JSON with two blanks', text: `${json(podValue, 2)}\n` },
  {
    story: 'JSON with four blanks, as kubectl prints it',
    text: `${json({ kind: 'List', items: [podValue, { kind: 'Secret' }, podValue] }, 4)}\n`,
  },
  {
    story: 'JSON objects one after the other, as jq prints them',
    text: `${json(podValue, 2)}\n${json(podValue)} {"kind": "}{"}\n${json(podValue, 2)}\n`,
  },
  { story: 'JSON with tabs', text: json(podValue, '\t') },
  {
    story: 'JSON with an empty list of init containers',
    text: `${json({ ...podValue, spec: { initContainers: [], ...podValue.spec } }, 2)}\n`,
  },
  {
    story: 'JSON with null',
    text: `${json({ ...podValue, spec: { initContainers: null, ...podValue.spec } }, 2)}\n`,
  },
  {
    story: 'JSON and YAML documents in one file',
    text: `${json(podValue)}\n---\n${pod}---\n${json(podValue, 2)}\n`,
  },
  { story: 'CRLF line ends', text: pod.replaceAll('\n', '\r\n') },
  { story: 'CRLF JSON', text: json(podValue, 2).replaceAll('\n', '\r\n') },
  { story: 'a byte order mark', text: `\uFEFF${pod}` },
  {
    story: 'a byte order mark before a pod whose first key is its spec',
    text: `\uFEFFspec:\n  containers: []\n${pod.slice(0, pod.indexOf('spec:'))}`,
  },
  { story: 'no line break at the end', text: pod.trimEnd() },
  { story: 'blank lines and blanks at the end', text: `${pod}\n  \n\n` },
  {
    story: 'comments in odd places',
    text: '# top\nkind: Pod # kind\n# before metadata\nmetadata: # after metadata\n    # in metadata\n    name: a # name\n    annotations: # theirs\n        # first\n        ns.networkservicemesh.io: a # last\n        # after last\n    # deeper\n# shallow\nspec: # spec\n    # none\n    containers: # list\n    # item\n    - # dash\n      name: a # n\n      # end of item\n    # end of list\n  # odd\n# end\n',
  },
  {
    story: 'init containers with a comment above the first',
    text: withSpec(
      '  initContainers:\n\n    # wait for the database\n    - name: wait\n      # inside\n      image: busybox\n\n    # then migrate\n    - name: migrate\n',
    ),
  },
  { story: 'lists that are not indented', text: withSpec('  initContainers:\n  # first\n  - name: wait\n') },
  { story: 'an empty list of init containers', text: withSpec('  initContainers: [] # none yet\n') },
  { story: 'an empty list of init containers with a blank in it', text: withSpec('  initContainers: [ ]\n') },
  { story: 'init containers that are null, without a word', text: withSpec('  initContainers: # soon\n') },
  { story: 'init containers that are null, with a tilde', text: withSpec('  initContainers: ~\n') },
  { story: 'init containers that are null, in full', text: withSpec('  initContainers:   null # soon\n') },
  {
    story: 'init containers in flow style',
    text: withSpec('  initContainers: [ {name: wait}, {name: b} ] # two\n'),
  },
  {
    story: 'init containers in flow style over lines',
    text: withSpec('  initContainers: [\n    {name: wait}, # a\n    {name: b},\n  ]\n'),
  },
  {
    story: 'flow style throughout',
    text: '{kind: Pod, metadata: {name: a, annotations: { networkservicemesh.io: a, }}, spec: {containers: [ {name: a} ]}} # end\n',
  },
  {
    story: 'flow style that is broken into lines',
    text: 'kind: Pod\nmetadata: {\n  annotations: {\n    networkservicemesh.io: a }\n}\nspec: {\n    containers: [\n      {name: a}\n    ]\n}\n',
  },
  {
    story: 'quotes, block scalars and folded text',
    text: withSpec('  "hostname": \'a\'\n').replace(
      '      image: nginx\n',
      '      image: "nginx"\n      command: ["sh", \'-c\']\n      args:\n        - |\n          echo a\n\n          echo b\n        - >-\n          folded\n          text\n      workingDir: |+\n        /keep\n\n\n',
    ),
  },
  {
    story: 'a block scalar that ends the file without a line break',
    text: `${pod}      workingDir: |\n        /tmp`,
  },
  {
    story: 'a block scalar that keeps the blank lines at the end of the file',
    text: `${pod}      workingDir: |+\n        /tmp\n\n\n`,
  },
  {
    story: 'anchors and aliases elsewhere',
    text: `kind: Deployment\nmetadata:\n  labels: &labels\n    app: web\nspec:\n  selector:\n    matchLabels: *labels\n  template:\n    metadata:\n      labels: *labels\n      annotations:\n        ns.networkservicemesh.io: a\n    spec:\n      containers:\n      - &web\n        name: web\n      - <<: *web\n        name: other\n`,
  },
  {
    story: 'annotations that are an alias',
    text: 'kind: Deployment\nmetadata:\n  annotations: &shared\n    ns.networkservicemesh.io: a\nspec:\n  template:\n    metadata:\n      annotations: *shared # the same\n    spec:\n      containers: []\n',
  },
  {
    story: 'init containers that are an alias',
    text: 'x-init: &init\n- name: wait\nkind: Pod\nmetadata:\n  annotations:\n    ns.networkservicemesh.io: a\nspec:\n  initContainers: *init\n  containers: []\n',
  },
  {
    story: 'a pod spec that is an alias, in two objects',
    text: 'kind: List\nx: &spec\n  containers:\n  - name: a\nitems:\n- kind: Pod\n  metadata: {annotations: {networkservicemesh.io: a}}\n  spec: *spec\n- kind: Pod\n  metadata: {annotations: {networkservicemesh.io: b}}\n  spec:   *spec # too\n',
  },
  {
    story: 'a template that is an alias',
    text: 'kind: Deployment\nx: &template\n  metadata:\n    annotations:\n      networkservicemesh.io: a\n  spec:\n    containers:\n    - name: a\nspec:\n  template: *template\n',
  },
  {
    story: 'annotations that come by a merge key alone',
    text: 'x: &x\n  networkservicemesh.io: a\nkind: Pod\nmetadata:\n  annotations:\n    <<: *x\nspec:\n  containers: []\n',
  },
  {
    story: 'a spec whose init containers come by a merge key',
    text: 'x: &x\n  initContainers:\n  - name: wait\ny: &y\n  containers:\n  - name: a\nkind: Pod\nmetadata:\n  annotations:\n    networkservicemesh.io: a\nspec:\n  <<: [*x, *y]\n  hostname: a\n',
  },
  {
    story: 'annotations with a merge key',
    text: 'x: &x\n  a: b\nkind: Pod\nmetadata:\n  annotations:\n    <<: *x\n    ns.networkservicemesh.io: a\nspec:\n  containers: []\n',
  },
  {
    story: 'an anchor that nobody uses',
    text: pod.replace('annotations:', 'annotations: &unused # why').replace('spec:', 'spec: &spec'),
  },
  {
    story: 'a pod that is not written in the usual order, without a namespace for its last key',
    text: 'spec:\n  containers:\n  - name: a\nmetadata:\n  annotations:\n    ns.networkservicemesh.io: a\n  name: a\nkind: Pod\napiVersion: v1\n',
  },
  {
    story: 'keys in quotes and with a question mark',
    text: '"kind": Pod\n? metadata\n: "annotations":\n    \'ns.networkservicemesh.io\': a\nspec:\n  containers: []\n',
  },
  {
    story: 'wide indentation',
    text: 'kind: Pod\nmetadata:\n        annotations:\n                ns.networkservicemesh.io: a\nspec:\n        containers:\n                -       name: a\n',
  },
  { story: 'directives and an explicit end', text: `%YAML 1.2\n---\n${pod}...\n%YAML 1.1\n---\n${pod}...\n` },
  {
    story: 'text beyond ASCII',
    text: pod.replace('name: web\n  ', 'name: web\n  labels: {ü: "🦊", z: ‮}\n  '),
  },
  {
    story: 'a pod in side-car mode, by its annotation',
    text: pod.replace(': vpn-gateway\n', ': vpn-gateway\n    networkservicemesh.io/mode: sidecar\n'),
  },
  {
    story: 'a pod that wants its container last',
    text: withSpec('  initContainers:\n    - name: a\n    - name: b # b\n').replace(
      ': vpn-gateway\n',
      ': vpn-gateway\n    networkservicemesh.io/init-position: last\n',
    ),
  },
  {
    story: 'a pod that wants its container in the middle',
    text: withSpec('  initContainers: [{name: a}, {name: b}]\n').replace(
      ': vpn-gateway\n',
      ': vpn-gateway\n    networkservicemesh.io/init-position: after:a\n',
    ),
  },
]
