import type { ModuleInfo } from '../../api/types'

/** Whose lines these are, and by which field a line points at its sheet. */
export function ownerOfLine(modules: ModuleInfo[], lines: string): { module: string; field: string } | null {
  const owner = modules.find((one) => one.document?.lines === lines)
  const field = modules.find((one) => one.name === lines)?.fields.find((f) => f.target === owner?.name && f.required)
  return owner && field ? { module: owner.name, field: field.name } : null
}

/** How a record that is there is looked at. `sheet`: on the sheet it is a line of; `behind`: by what it comes from, having no form of its own; `none`: this person may not look at its kind. */
export function wayTo(modules: ModuleInfo[], module: string): { way: 'form' | 'behind' | 'none' } | { way: 'sheet'; module: string; field: string } {
  const owner = ownerOfLine(modules, module)
  if (owner) return { way: 'sheet', ...owner }
  const of = modules.find((one) => one.name === module)
  if (!of) return { way: 'none' }
  return { way: of.local ? 'behind' : 'form' }
}
