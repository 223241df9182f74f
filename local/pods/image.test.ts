import { expect, test } from 'vitest'
import { programOfImage } from './image.ts'

test.each([
  { image: 'networkservicemesh/topology-sidecar-nse:master', program: 'sidecar-nse' },
  { image: 'networkservicemesh/topology-sidecar-nsc', program: 'sidecar-nsc' },
  { image: 'localhost:5000/x/nsm-init:latest', program: 'init-client' },
  { image: 'ghcr.io/a/init-client@sha256:0123', program: 'init-client' },
  { image: 'sidecar-nse', program: 'sidecar-nse' },
  { image: 'alpine:latest', program: undefined },
  { image: 'nsm-init/alpine', program: undefined },
  { image: 'constructor', program: undefined },
])('programOfImage() takes $image for $program', ({ image, program }) => {
  expect(programOfImage(image)).toBe(program)
})
