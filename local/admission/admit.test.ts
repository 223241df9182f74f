import { describe, expect, test } from 'vitest'
import type { AdmissionRequest, AdmissionResponse } from '#kube/admission-review.ts'
import type { MeshObject } from '#local/objects/object.ts'
import { admit } from './admit.ts'

const object: MeshObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'red' },
  spec: {},
}

/** A webhook that answers what it is told to, and the questions that it was asked. */
function webhook(answer: Omit<AdmissionResponse, 'uid'>) {
  const questions: AdmissionRequest[] = []
  const review = async (question: AdmissionRequest) => {
    questions.push(question)
    return { uid: question.uid, ...answer }
  }
  return { questions, review }
}

describe('admit()', () => {
  test('asks about a new object as CREATE, and about a changed one as UPDATE', async () => {
    const { questions, review } = webhook({ allowed: true })
    await admit(object, review)
    await admit(object, review, { ...object, spec: { replicas: 1 } })
    expect(questions[0]).toMatchObject({
      operation: 'CREATE',
      name: 'web',
      namespace: 'red',
      kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    })
    expect(questions[0]).not.toHaveProperty('oldObject')
    expect(questions[1]).toMatchObject({ operation: 'UPDATE', oldObject: { spec: { replicas: 1 } } })
  })

  test('applies the patch to a copy, and passes warnings on', async () => {
    const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/spec/replicas', value: 3 }])).toString(
      'base64',
    )
    const { review } = webhook({ allowed: true, patchType: 'JSONPatch', patch, warnings: ['careful'] })
    expect(await admit(object, review)).toEqual({
      object: { ...object, spec: { replicas: 3 } },
      warnings: ['careful'],
    })
    expect(object.spec).toEqual({})
  })

  test('refuses in the words of the webhook', async () => {
    const { review } = webhook({
      allowed: false,
      status: { code: 400, reason: 'BadRequest', message: 'entry 1: no name' },
    })
    await expect(admit(object, review)).rejects.toMatchObject({
      code: 'BAD_ANNOTATION',
      message: 'entry 1: no name',
    })
  })
})
