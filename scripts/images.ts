/** What one image holds and how it starts. The Dockerfile, docker-bake.hcl and the images of tests are checked against it. */
export interface Image {
  /** The program: folder of its source, bundle `dist/<program>.js`, stage of the Dockerfile, target of docker-bake.hcl. */
  readonly program: string
  /** Name of the image; the registry's part is `repository`. */
  readonly name: string
  /** Bundles of dist/ that the program loads or starts when it needs them. */
  readonly beside: readonly string[]
  /** Folders of the sources that it reads, beside the program. */
  readonly folders: readonly string[]
  /** Whether it calls Linux through koffi, whose native part comes along. */
  readonly koffi: boolean
  /** `snapshot`: begins with the heap of `dist/<program>-snapshot.cjs`, already loaded, which the same Node has written. */
  readonly start: 'bundle' | 'snapshot'
  /** 0 only where the files of a node or of other processes are read; the manifests say why. */
  readonly user: 0 | 65532
  /** Environment of the process; a manifest that sets NODE_OPTIONS replaces this one. */
  readonly env: Readonly<Record<string, string>>
}

/** Organisation of the published images. */
export const repository = 'networkservicemesh'

/** Of every image: the threads of a process share one arena of malloc, which saves 2 MiB and costs nothing here. */
const common = { MALLOC_ARENA_MAX: '1' }

/** Of what starts for every pod: reading its snapshot into large pages takes 3 of 47 ms off. */
const quick = { ...common, GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' }

/** Of those that stay: a young generation of 1 MiB instead of 16, so that V8 keeps less than it may. */
const resident = { ...common, NODE_OPTIONS: '--max-semi-space-size=1' }

/** Every image, by the name of its program. */
export const images: readonly Image[] = [
  rootless('webhook', 'nsm-webhook', ['certs.js', 'kubeconfig.js']),
  { ...rootless('init-client', 'nsm-init'), start: 'snapshot', env: quick },
  rootless('sidecar-nsc', 'sidecar-nsc'),
  rootless('sidecar-nse', 'sidecar-nse'),
  rootless('registry', 'nsm-registry'),
  rootless('issuer', 'nsm-issuer', ['certs.js', 'kubeconfig.js']),
  { ...rootless('cli', 'nsm-cli', ['certs.js', 'kubeconfig.js']), folders: ['manifests'], env: common },
  { ...rootless('device-plugin', 'nsm-device-plugin'), user: 0 },
  { ...rootless('manager', 'nsm-manager', ['admin.js', 'kubeconfig.js']), koffi: true, user: 0 },
  { ...rootless('forwarder', 'nsm-forwarder'), koffi: true, user: 0 },
  { ...rootless('capture', 'nsm-capture'), koffi: true, user: 0 },
]

function rootless(program: string, name: string, beside: readonly string[] = []): Image {
  return { program, name, beside, folders: [], koffi: false, start: 'bundle', user: 65532, env: resident }
}

/** The command of an image, without its arguments. */
export function entrypointOf({ program, start }: Image): readonly string[] {
  const snapshot = start === 'snapshot' ? ['--snapshot-blob', `/app/${program}.blob`] : []
  return ['node', ...snapshot, `/app/${program}.js`]
}
