import type { ModuleInfo } from '../../api/types'

/** Whose lines these are, and by which field a line points at its sheet. */
export function ownerOfLine(modules: ModuleInfo[], lines: string): { module: string; field: string } | null {
  const owner = modules.find((one) => one.document?.lines === lines)
  const field = modules.find((one) => one.name === lines)?.fields.find((f) => f.target === owner?.name && f.required)
  return owner && field ? { module: owner.name, field: field.name } : null
}
