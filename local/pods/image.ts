import type { ProgramName } from '#local/program-path.ts'

/** Images that are ours, by the last part of their name; the old projects' names for the same thing included. */
const programs: Readonly<Record<string, ProgramName>> = {
  'nsm-init': 'init-client',
  'init-client': 'init-client',
  'cmd-nsc-init': 'init-client',
  'sidecar-nsc': 'sidecar-nsc',
  'topology-sidecar-nsc': 'sidecar-nsc',
  'cmd-nsc': 'sidecar-nsc',
  'sidecar-nse': 'sidecar-nse',
  'topology-sidecar-nse': 'sidecar-nse',
  'cmd-nse-icmp-responder': 'sidecar-nse',
}

/** The program of ours that an image stands for; undefined for any other image. Registry, tag and digest do not matter. */
export function programOfImage(image: string): ProgramName | undefined {
  const last = image.split('@')[0]?.split('/').at(-1)?.split(':')[0] ?? ''
  return Object.hasOwn(programs, last) ? programs[last] : undefined
}
