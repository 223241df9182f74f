import { each, fields, type Shape, whole, wholes } from './json/shape.ts'

/** What is read of `metadata`; managedFields and last-applied copies are often larger than the rest of an object. */
const metadata = fields(
  wholes(
    'name',
    'generateName',
    'namespace',
    'uid',
    'annotations',
    'labels',
    'ownerReferences',
    'deletionTimestamp',
  ),
)

/** Our own containers, of an earlier pass, are compared as a whole. */
const containers = each(
  fields(wholes('name', 'resources', 'restartPolicy'), { field: 'name', begins: 'nsm-' }),
)

/** Of a workload's pod template only what is its own: its pods are looked at when they are made. */
const template = fields({ metadata })

/** Pods, workloads and namespaces in one: which of them it is may come last. */
const object = fields({
  apiVersion: whole,
  kind: whole,
  metadata,
  spec: fields({
    ...wholes('hostNetwork', 'os', 'nodeSelector', 'resources', 'restartPolicy', 'dnsPolicy', 'dnsConfig'),
    containers,
    initContainers: containers,
    template,
    jobTemplate: fields({ spec: fields({ template }) }),
  }),
})

/** The fields of an AdmissionReview that an answer depends on; everything else is passed over unread. */
export const keptFields: Shape = fields({
  apiVersion: whole,
  kind: whole,
  request: fields({
    ...wholes('uid', 'kind', 'operation', 'subResource', 'name', 'namespace', 'dryRun'),
    object,
    oldObject: object,
  }),
})
