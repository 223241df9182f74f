import { build, type Plugin } from 'esbuild'

/** One bundle per program: `dist/<program>.js`. What a bundle holds is what its main.ts imports. */
const programs = [
  'capture',
  'certs',
  'cli',
  'device-plugin',
  'forwarder',
  'init-client',
  'issuer',
  'local',
  'manager',
  'registry',
  'sidecar-nsc',
  'sidecar-nse',
  'webhook',
]

/** `connectApi` loads this bundle when it needs it: it is large, and most programs never do. */
const apart: Plugin = {
  name: 'apart',
  setup(bundler) {
    bundler.onResolve({ filter: /^\.\/kubeconfig\.ts$/ }, () => ({ path: './kubeconfig.js', external: true }))
  },
}

await build({
  // The bench runs among the bundles, because bundles are what it measures.
  entryPoints: [
    ...programs.map(name => ({ in: `${name}/main.ts`, out: name })),
    { in: 'kube/kubeconfig.ts', out: 'kubeconfig' },
    { in: 'manager/admin-child.ts', out: 'admin' },
    { in: 'forwarder/verify/main.ts', out: 'forwarder-verify' },
    { in: 'bench/inside.ts', out: 'bench' },
    { in: 'bench/client.ts', out: 'bench-client' },
    { in: 'bench/kernel/inside.ts', out: 'bench-kernel' },
    { in: 'bench/kernel/traffic-child.ts', out: 'bench-traffic' },
    { in: 'kernel/apply-child.ts', out: 'bench-apply' },
  ],
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  sourcemap: 'linked',
  logLevel: 'warning',
  // Apart, as x.js.LEGAL.txt: some have letters that are not ASCII, for which V8 keeps a source with two bytes for each.
  legalComments: 'linked',
  // koffi finds its native part relative to itself.
  external: ['koffi'],
  plugins: [apart],
  // CommonJS dependencies call require(), which an ES module does not have.
  banner: {
    js: "import { createRequire as nsmRequire } from 'node:module'; const require = nsmRequire(import.meta.url);",
  },
})

// A snapshot begins with one CommonJS file; the Dockerfile makes it of this one with the Node that runs it.
await build({
  entryPoints: ['init-client/snapshot.ts'],
  outfile: 'dist/init-client-snapshot.cjs',
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  logLevel: 'warning',
})
