import { describe, expect, it } from 'vitest'
import type { Overrides } from '#webhook/overrides.ts'
import { type Amounts, keepsGuaranteed, resourcesOf } from './resources.ts'

const usual = {
  requests: { cpu: '10m', memory: '32Mi' },
  limits: { cpu: '200m', memory: '64Mi' },
}
const socket = { 'networkservicemesh.io/socket': '1' }

describe('resourcesOf()', () => {
  it.each<{
    readonly name: string
    readonly overrides: Overrides
    readonly amounts: Amounts
    readonly is: object
  }>([
    { name: 'nothing said', overrides: {}, amounts: 'none', is: { limits: socket } },
    {
      name: 'nothing said, equal',
      overrides: {},
      amounts: 'equal',
      is: { limits: { cpu: '200m', memory: '64Mi', ...socket } },
    },
    {
      name: 'a request',
      overrides: { 'cpu-request': '1' },
      amounts: 'none',
      is: { limits: socket, requests: { cpu: '1' } },
    },
    {
      name: 'a request, equal',
      overrides: { 'cpu-request': '1' },
      amounts: 'equal',
      is: { limits: { cpu: '1', memory: '64Mi', ...socket }, requests: { cpu: '1' } },
    },
    {
      name: 'a limit',
      overrides: { 'memory-limit': '1Gi' },
      amounts: 'none',
      is: { limits: { memory: '1Gi', ...socket } },
    },
    {
      name: 'a limit, equal',
      overrides: { 'memory-limit': '1Gi' },
      amounts: 'equal',
      is: { limits: { cpu: '200m', memory: '1Gi', ...socket } },
    },
    {
      name: 'a request that is the limit, in other words',
      overrides: { 'cpu-request': '1000m', 'cpu-limit': '1' },
      amounts: 'none',
      is: { limits: { cpu: '1', ...socket }, requests: { cpu: '1000m' } },
    },
    {
      name: 'nothing said, limits and requests',
      overrides: {},
      amounts: 'limits',
      is: {
        limits: { cpu: '200m', memory: '64Mi', ...socket },
        requests: { cpu: '10m', memory: '32Mi' },
      },
    },
    {
      name: 'a limit, requests',
      overrides: { 'cpu-limit': '5m' },
      amounts: 'requests',
      is: { limits: { cpu: '5m', ...socket }, requests: { cpu: '5m', memory: '32Mi' } },
    },
    {
      name: 'nothing said, requests',
      overrides: {},
      amounts: 'requests',
      is: { limits: socket, requests: { cpu: '10m', memory: '32Mi' } },
    },
  ])('$name', ({ overrides, amounts, is }) => {
    expect(resourcesOf(overrides, amounts, usual)).toEqual(is)
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
    expect(() => resourcesOf(overrides, 'none', usual)).toThrow(
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
