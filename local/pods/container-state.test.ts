import { expect, test } from 'vitest'
import { type ContainerRole, type ContainerState, type PodPhase, statusText } from './container-state.ts'

const base = { exitCode: 0, restarts: 0, message: '', ready: false }
const waiting = (role: ContainerRole, reason = 'PodInitializing'): ContainerState => ({
  ...base,
  name: role,
  role,
  state: 'waiting',
  reason,
})
const running = (role: ContainerRole): ContainerState => ({
  ...base,
  name: role,
  role,
  state: 'running',
  reason: '',
  ready: true,
})
const ended = (role: ContainerRole, exitCode: number): ContainerState => ({
  ...base,
  name: role,
  role,
  state: 'terminated',
  exitCode,
  reason: exitCode === 0 ? 'Completed' : 'Error',
})

test.each<{ status: string; phase: PodPhase; containers: ContainerState[] }>([
  { status: 'Pending', phase: 'Pending', containers: [waiting('app')] },
  { status: 'Init:0/1', phase: 'Pending', containers: [waiting('init'), waiting('app')] },
  { status: 'Init:0/2', phase: 'Pending', containers: [running('init'), waiting('sidecar'), waiting('app')] },
  {
    status: 'Init:1/2',
    phase: 'Pending',
    containers: [ended('init', 0), waiting('sidecar'), waiting('app')],
  },
  { status: 'Init:Error', phase: 'Failed', containers: [ended('init', 1), waiting('app')] },
  {
    status: 'Init:CrashLoopBackOff',
    phase: 'Pending',
    containers: [waiting('init', 'CrashLoopBackOff'), waiting('app')],
  },
  { status: 'Running', phase: 'Running', containers: [ended('init', 0), running('sidecar'), running('app')] },
  { status: 'Running', phase: 'Running', containers: [running('app'), ended('app', 0)] },
  {
    status: 'CrashLoopBackOff',
    phase: 'Running',
    containers: [running('app'), waiting('app', 'CrashLoopBackOff')],
  },
  { status: 'Completed', phase: 'Succeeded', containers: [ended('app', 0)] },
  { status: 'Error', phase: 'Failed', containers: [ended('app', 3)] },
  { status: 'Terminating', phase: 'Terminating', containers: [running('app')] },
])('statusText() is $status', ({ status, phase, containers }) => {
  expect(statusText(phase, containers)).toBe(status)
})
