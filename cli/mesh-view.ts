import type { MeshConnection } from '#local/connect.ts'

/** What a command looks at: a mesh on this machine, or that of a cluster. */
export interface MeshView {
  readonly admin: MeshConnection['admin']
  readonly mesh: Pick<MeshConnection['mesh'], 'status' | 'listPods' | 'logs'>
}
