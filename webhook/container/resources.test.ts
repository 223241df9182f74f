import { describe, expect, it } from 'vitest'
import type { Overrides } from '#webhook/overrides.ts'
import { keepsGuaranteed, resourcesOf } from './resources.ts'

const socket = { 'networkservicemesh.io/socket': '1' }

describe('resourcesOf()', () => {
  it.each<{
    readonly name: string
    readonly overrides: Overrides
    readonly limited: 'limited' | 'free'
    readonly is: object
  }>([
    { name: 'nothing said', overrides: {}, limited: 'free', is: { limits: socket } },
    {
      name: 'nothing said, limited',
      overrides: {},
      limited: 'limited',
      is: { limits: { cpu: '200m', memory: '64Mi', ...socket } },
    },
    {
      name: 'a request',
      overrides: { 'cpu-request': '1' },
      limited: 'free',
      is: { limits: socket, requests: { cpu: '1' } },
    },
    {
      name: 'a request, limited',
      overrides: { 'cpu-request': '1' },
      limited: 'limited',
      is: { limits: { cpu: '1', memory: '64Mi', ...socket }, requests: { cpu: '1' } },
    },
    {
      name: 'a limit',
      overrides: { 'memory-limit': '1Gi' },
      limited: 'free',
      is: { limits: { memory: '1Gi', ...socket } },
    },
    {
      name: 'a limit, limited',
      overrides: { 'memory-limit': '1Gi' },
      limited: 'limited',
      is: { limits: { cpu: '200m', memory: '1Gi', ...socket } },
    },
    {
      name: 'a request that is the limit, in other words',
      overrides: { 'cpu-request': '1000m', 'cpu-limit': '1' },
      limited: 'free',
      is: { limits: { cpu: '1', ...socket }, requests: { cpu: '1000m' } },
    },
  ])('$name', ({ overrides, limited, is }) => {
    expect(resourcesOf(overrides, limited)).toEqual(is)
  })

  it.each<{ readonly overrides: Overrides; readonly says: string }>([
    {
      overrides: { 'cpu-request': '2', 'cpu-limit': '1500m' },
      says: 'cpu-request is 2, above the limit of 1500m',
    },
    {
      overrides: { 'memory-request': '1Gi', 'memory-limit': '1G' },
      says: 'memory-request is 1Gi, above the limit of 1G',
    },
  ])('refuses: $says', ({ overrides, says }) => {
    expect(() => resourcesOf(overrides, 'free')).toThrow(
      expect.objectContaining({ code: 'BAD_ANNOTATION', message: expect.stringContaining(says) }),
    )
  })
})

describe('keepsGuaranteed()', () => {
  it.each([
    { name: 'limits alone', resources: { limits: { cpu: '1' } }, keeps: true },
    {
      name: 'requests that are the limits',
      resources: { limits: { cpu: 1 }, requests: { cpu: '1000m' } },
      keeps: true,
    },
    { name: 'a request below', resources: { limits: { cpu: '1' }, requests: { cpu: '900m' } }, keeps: false },
    { name: 'nothing', resources: { limits: null, requests: null }, keeps: true },
  ])('$name: $keeps', ({ resources, keeps }) => {
    expect(keepsGuaranteed(resources)).toBe(keeps)
  })
})
