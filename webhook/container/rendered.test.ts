import { describe, expect, it } from 'vitest'
import { settings } from '#webhook/golden.contract.ts'
import { renderContainer } from './render.ts'
import { rendered } from './rendered.ts'

const inputs = { services: 'a', settings, overrides: {}, amounts: 'none' } as const

describe('rendered()', () => {
  it('gives what renderContainer gives', () => {
    expect(rendered('init', inputs).container).toEqual(renderContainer('init', inputs))
  })

  it('gives a short digest, equal for equal containers and another for others', () => {
    const { digest } = rendered('init', inputs)
    expect(digest).toMatch(/^[0-9a-f]{16}$/)
    expect(rendered('init', { ...inputs, settings: { ...settings } }).digest).toBe(digest)
    expect(rendered('init', { ...inputs, services: 'b' }).digest).not.toBe(digest)
    expect(rendered('init', { ...inputs, amounts: 'equal' }).digest).not.toBe(digest)
    expect(rendered('init', { ...inputs, overrides: { image: 'x' } }).digest).not.toBe(digest)
    expect(rendered('init', { ...inputs, settings: { ...settings, image: 'x' } }).digest).not.toBe(digest)
  })

  it('shares one container, which nobody can change', () => {
    const { container } = rendered('init', inputs)
    expect(rendered('init', inputs).container).toBe(container)
    expect(() => Object.assign(container, { image: 'x' })).toThrow(TypeError)
    expect(() => Object.assign(container.resources?.limits ?? {}, { cpu: '1' })).toThrow(TypeError)
  })
})
