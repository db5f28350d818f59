/** Which fields of the head stand where on the sheet. Pure. */
import type { DocumentInfo, FieldInfo, ModuleInfo, Value } from '../../api/types'
import { isEmpty, isUnknown } from '../../fields/define'
import { formFields } from '../model/form'
import type { Values } from './sheet'

export interface SheetLayout {
  /** the boxes at the top, in their order */
  head: FieldInfo[]
  /** longer words, at the left of the foot */
  notes: FieldInfo[]
  foot: FieldInfo[]
  /** the one figure, large */
  total: FieldInfo | null
}

/** shown in the title, not as boxes */
const inTitle = (module: ModuleInfo, field: FieldInfo): boolean => field.name === module.title || field.name === 'state' || field.name === 'version'

type Words = Record<string, string>

/** What one of a module is called: a document by its kind. */
export function nounOf(module: ModuleInfo, values: { [name: string]: Value | undefined } = {}): string {
  const about = module.document
  return about?.nouns?.[String(values[about.kind ?? ''] ?? '')] ?? module.noun
}

/** Why a field of the head is settled by another one; '' where it is not. */
export function heldBy(about: DocumentInfo, name: string, values: Values): string {
  const [by, value, why] = about.holds?.[name] ?? []
  return by !== undefined && values[by] === value ? (why ?? '') : ''
}

/** The columns of its lines, called as this kind calls them. */
export function linesOfKind(fields: FieldInfo[], about: DocumentInfo, kind: string): FieldInfo[] {
  const called = about.line_called?.[kind]
  return called ? fields.map((f) => (called[f.name] ? { ...f, label: called[f.name] ?? f.label } : f)) : fields
}

/** The fields that a sheet of a kind has a use for, and what is wrong; what this kind cannot do without is required; called as this kind calls them. */
export function fieldsOfKind(fields: FieldInfo[], about: DocumentInfo, values: Values, wrong: Words = {}): FieldInfo[] {
  const kind = String(values[about.kind ?? ''] ?? '')
  const called = { ...about.called?.[kind], ...about.turned?.[kind] }
  const named = (f: FieldInfo): FieldInfo => (called[f.name] ? { ...f, label: called[f.name] ?? f.label } : f)
  return fields.filter((f) => !!wrong[f.name] || (about.only?.[f.name]?.includes(kind) ?? true)).map((f) => named(about.needs?.[f.name]?.includes(kind) ? { ...f, required: true } : f))
}

/** What was typed wrong into fields that the sheet's kind has no use for stands in nobody's way. */
export function withoutStray<T>(wrong: Record<string, T>, fields: FieldInfo[], about: DocumentInfo, values: Values): Record<string, T> {
  const known = new Set(fieldsOfKind(fields, about, values).map((f) => f.name))
  const alien = new Set(fields.map((f) => f.name).filter((name) => !known.has(name)))
  return Object.fromEntries(Object.entries(wrong).filter(([name]) => !alien.has(name)))
}

export function layoutOf(whole: ModuleInfo, about: DocumentInfo, values: Values = {}, wrong: Words = {}): SheetLayout {
  const module = { ...whole, fields: fieldsOfKind(whole.fields, about, values, wrong) }
  const byName = new Map(module.fields.map((f) => [f.name, f]))
  const foot = about.foot.map((name) => byName.get(name)).filter((f): f is FieldInfo => !!f && !f.hidden)
  const rest = formFields(module).filter((f) => !f.hidden && !about.foot.includes(f.name) && !inTitle(module, f))
  const amounts = foot.filter((f) => f.readonly && f.type === 'money')
  const total = byName.get(about.total ?? '') ?? amounts.find((f) => f.sum) ?? amounts[0] ?? null
  return { head: rest.filter((f) => f.type !== 'longtext'), notes: rest.filter((f) => f.type === 'longtext'), foot: foot.filter((f) => f !== total), total }
}

/** What nobody but the user knows: required, and nothing came by itself. */
export const mustType = (field: FieldInfo, values: Values): boolean => field.required && !field.readonly && isEmpty(values[field.name])

/** Calculated fields with nothing in them take no room. */
const worthShowing = (field: FieldInfo, values: Values): boolean => !field.readonly || !isEmpty(values[field.name]) || isUnknown(values, field)

/**
 * The first `room` boxes, and in any case what must be filled in or is wrong; the rest folds away.
 * Their order stays that of the declaration.
 */
export function folded(head: FieldInfo[], values: Values, wrong: Record<string, string>, room: number, open: boolean): { shown: FieldInfo[]; more: number } {
  const possible = head.filter((f) => worthShowing(f, values) || wrong[f.name])
  if (open || possible.length <= room) return { shown: possible, more: 0 }
  const must = new Set(possible.filter((f) => (f.required && !f.readonly) || wrong[f.name]))
  // what stands there stays there: an error further down must not push a box away
  const shown = possible.filter((f, at) => at < room || must.has(f))
  return { shown, more: possible.length - shown.length }
}
