import { type Command, Option } from 'commander'
import { duration } from '#runtime/parse.ts'
import { NsmError } from '#sdk/errors.ts'

/** `--name`: which mesh; the variable NSM_MESH names it for a whole shell. */
export function meshOption(): Option {
  return new Option('--name <mesh>', 'name of the mesh').default('nsm').env('NSM_MESH')
}

/** Adds what says which mesh is meant, of this machine or of a cluster. */
export function addTarget(command: Command): Command {
  return targetOptions().reduce((added, option) => added.addOption(option), command)
}

function targetOptions(): readonly Option[] {
  return [
    new Option('--name <mesh>', 'name of a mesh on this machine').env('NSM_MESH'),
    new Option(
      '--kubeconfig <file>',
      'the mesh of a cluster: its kubeconfig; default KUBECONFIG or ~/.kube/config',
    ),
    new Option(
      '--context <name>',
      'the mesh of a cluster: context of the kubeconfig; default the current one',
    ),
    new Option('--mesh-namespace <namespace>', 'where the mesh of a cluster runs')
      .default('nsm-system')
      .env('NSM_NAMESPACE'),
  ]
}

/** `-n`: the namespace of the objects that are named. */
export function namespaceOption(): Option {
  return new Option('-n, --namespace <namespace>', 'namespace of the object').default('default')
}

/** `--json`: machine-readable output. */
export function jsonOption(): Option {
  return new Option('--json', 'print JSON instead of a table')
}

/** `-f`, repeatable. */
export function fileOption(): Option {
  return new Option('-f, --filename <file...>', 'YAML file, folder, or - for standard input')
}

/** `--wait`: how long to wait until everything is ready; 0 does not wait. */
export function waitOption(): Option {
  return new Option(
    '--wait <duration>',
    'how long to wait until all pods are ready, as 30s or 2m; 0 does not wait',
  )
    .default(30_000, '30s')
    .argParser(value => {
      try {
        return duration(value)
      } catch (cause) {
        throw new NsmError('BAD_USAGE', `--wait ${value}: expected a duration like 500ms, 30s or 2m`, {
          cause,
        })
      }
    })
}
