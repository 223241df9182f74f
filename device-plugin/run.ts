import { chmodSync, mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '#runtime/config.ts'
import type { Log } from '#sdk/log.ts'
import { checkpointFile, readCheckpoint } from './checkpoint.ts'
import type { config } from './config.ts'
import { Devices } from './devices.ts'
import { deviceOf, listDirectories } from './directory.ts'
import { FolderWatch } from './folder-watch.ts'
import { healthOf, serveProbes } from './probes.ts'
import { keepRegistered } from './registration.ts'
import { keepTold } from './told.ts'
import { Workspaces } from './workspaces.ts'

/** Serves kubelet until the signal aborts. Fails with STORAGE when a directory that it watches was removed. */
export async function run(settings: Config<typeof config>, signal: AbortSignal, log: Log): Promise<void> {
  const [baseDir, kubeletDir] = [resolve(settings.baseDir), resolve(settings.kubeletDir)]
  await using undo = new AsyncDisposableStack()
  mkdirSync(baseDir, { recursive: true, mode: 0o700 })
  // Kubelet makes it for everybody to enter, and a workspace is open to everybody.
  chmodSync(baseDir, 0o700)
  const base = undo.use(new FolderWatch(baseDir))
  const kubelet = undo.use(new FolderWatch(kubeletDir))
  const devices = new Devices(settings.devices)
  const workspaces = undo.use(new Workspaces({ baseDir, graceMs: settings.grace }))
  const readGiven = (): void => {
    const given = readCheckpoint(kubeletDir)
    workspaces.given(given)
    if (given !== undefined) devices.inUse(given.flatMap(each => each.devices))
  }
  readGiven()
  for (const workspace of listDirectories(baseDir)) devices.announce(deviceOf(workspace))
  undo.use(
    kubelet.listen(name => {
      if (name === checkpointFile) readGiven()
    }),
  )
  undo.use(
    base.listen(name => {
      if (deviceOf(name) !== undefined) workspaces.changedAt(name)
    }),
  )
  const health = healthOf()
  if (settings.probe !== undefined) undo.use(await serveProbes(settings.probe, health, log))
  const either = AbortSignal.any([signal, base.lost, kubelet.lost])
  await Promise.all([
    keepTold({ baseDir, watch: base, workspaces, log }, either),
    keepRegistered(
      {
        baseDir,
        kubeletDir,
        watch: kubelet,
        devices,
        log,
        onState: health.set,
        onAllocated: allocation => {
          for (const device of allocation.devices) devices.take(device)
          workspaces.changedAt(allocation.workspace)
          log.info(
            { workspace: allocation.workspace, devices: allocation.devices.length },
            `gave workspace ${allocation.workspace}`,
          )
        },
      },
      either,
    ),
  ])
  if (!signal.aborted) either.throwIfAborted()
}
