import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeAuthority } from '#certs/authority.ts'
import { issue } from '#certs/issue.ts'
import { controlAddress } from './facts.ts'

/** Who may ask the API server. */
const users = {
  admin: 'admin,1,"system:masters"',
  'controller-manager': 'system:kube-controller-manager,2',
  scheduler: 'system:kube-scheduler,3',
  proxy: 'system:kube-proxy,4',
} as const

/** What the API server presents itself to kubelets as; it is bound to a role once it runs. */
export const kubeletClient = 'apiserver-kubelet'

/** Writes keys, certificates, `tokens.csv` and a kubeconfig `<user>.kubeconfig` for each user and node into a folder. */
export async function writeCredentials(folder: string, nodes: readonly string[]): Promise<void> {
  const authority = await makeAuthority('nsm test cluster')
  const server = await issue(authority, {
    names: ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost'],
    ips: ['127.0.0.1', '10.96.0.1', controlAddress],
  })
  const client = await issue(authority, { names: [kubeletClient], usage: 'client' })
  const accounts = await issue(authority, { names: ['service-accounts'] })
  const everyone = {
    ...users,
    ...Object.fromEntries(nodes.map((name, at) => [name, `system:node:${name},${10 + at},"system:nodes"`])),
  }
  const tokens = Object.keys(everyone).map(name => [name, randomBytes(16).toString('hex')] as const)
  const rows = tokens.map(([name, token]) => `${token},${everyone[name as keyof typeof everyone]}\n`)
  const files = {
    'ca.crt': authority.certificate,
    'server.crt': server.certificate,
    'server.key': server.key,
    'kubelet-client.crt': client.certificate,
    'kubelet-client.key': client.key,
    'service-accounts.key': accounts.key,
    'tokens.csv': rows.join(''),
    ...Object.fromEntries(
      tokens.map(([name, token]) => [
        `${name}.kubeconfig`,
        kubeconfig(`https://${controlAddress}:6443`, { authority: authority.certificate, token }),
      ]),
    ),
  }
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), content, { mode: 0o600 })
}

/** Whom to trust and what to show. */
interface Trust {
  /** PEM. */
  readonly authority: string
  readonly token: string
}

function kubeconfig(server: string, { authority, token }: Trust): string {
  const cluster = { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') }
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'user', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'user' } }],
    'current-context': 'test',
  })
}
