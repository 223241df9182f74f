import { type JsonObject, objectAt, optionalObjectsAt, ShapeError } from '#kube/shape.ts'
import { programOfImage } from '#local/pods/image.ts'

/** Checks that the local engine can run a pod's spec. Throws ShapeError naming the place and what is wrong. */
export function checkPodSpec(value: unknown, place: string): void {
  const spec = objectAt(value, `${place} /spec`)
  const containers = optionalObjectsAt(spec['containers'], `${place} /spec/containers`)
  const initContainers = optionalObjectsAt(spec['initContainers'], `${place} /spec/initContainers`)
  if (containers.length === 0)
    throw new ShapeError(`${place} /spec/containers is empty: a pod has at least one container`)
  const all = [...initContainers, ...containers]
  for (const container of all) checkContainer(container, place)
  const names = all.map(container => container['name'])
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new ShapeError(`${place} has two containers named ${JSON.stringify(twice)}`)
}

function checkContainer(container: JsonObject, pod: string): void {
  const { name, image, command, args } = container
  if (typeof name !== 'string' || name === '') throw new ShapeError(`${pod}: a container has no name`)
  const place = `${pod}: container ${name}`
  if (typeof image !== 'string' || image === '') throw new ShapeError(`${place} has no image`)
  checkTexts(command, `${place}: command`)
  checkTexts(args, `${place}: args`)
  for (const variable of optionalObjectsAt(container['env'], `${place}: env`)) checkVariable(variable, place)
  if (programOfImage(image) === undefined && (!Array.isArray(command) || command.length === 0)) {
    throw new ShapeError(
      `${place}: image ${image} is not run by the local engine, which has no images; give the container a command, which is run from this machine`,
    )
  }
}

function checkVariable({ name, value }: JsonObject, place: string): void {
  if (typeof name !== 'string' || name === '') throw new ShapeError(`${place}: a variable in env has no name`)
  if (value !== undefined && value !== null && typeof value !== 'string') {
    throw new ShapeError(`${place}: the value of variable ${name} is a ${typeof value}; write it in quotes`)
  }
}

function checkTexts(value: unknown, place: string): void {
  if (value === undefined || value === null) return
  if (!Array.isArray(value) || value.some(item => typeof item !== 'string')) {
    throw new ShapeError(`${place} is not a list of texts; write numbers in quotes`)
  }
}
