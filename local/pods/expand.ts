/**
 * Puts variables into text as Kubernetes does: `$(NAME)` becomes the value of NAME, an unknown name stays as it is
 * written, and `$$` is a dollar sign.
 */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$(?:\$|\(([^()]*)\))/g, (written, name: string | undefined) => {
    if (name === undefined) return '$'
    return Object.hasOwn(variables, name) ? (variables[name] ?? written) : written
  })
}
