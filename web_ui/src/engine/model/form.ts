/** A record being edited: what changed, what is still wrong, what two people changed at once. */
import type { FieldInfo, FormTab, ModuleInfo, Row, Value } from '../../api/types'
import { isEmpty } from '../../fields/define'
import { same } from '../../fields/shared/editor'
import { t } from '@/locale'

export type Values = Record<string, Value | undefined>

/** Fields of the form, in its order, each once. */
export function formFields(module: ModuleInfo): FieldInfo[] {
  const byName = new Map(module.fields.map((f) => [f.name, f]))
  const names = formTabs(module).flatMap((tab) => tab.sections.flatMap((s) => s.fields))
  return [...new Set(names)].map((name) => byName.get(name)).filter((f): f is FieldInfo => !!f)
}

/** Declared tabs with only fields that exist; a module without any gets one with everything. */
export function formTabs(module: ModuleInfo): FormTab[] {
  const byName = new Map(module.fields.map((f) => [f.name, f]))
  const tabs = module.tabs
    .map((tab) => ({
      label: tab.label,
      sections: tab.sections.map((s) => ({ label: s.label, fields: s.fields.filter((name) => byName.has(name) && !byName.get(name)?.hidden) })).filter((s) => s.fields.length),
    }))
    .filter((tab) => tab.sections.length)
  if (tabs.length) return tabs
  return [{ label: t('基本'), sections: [{ label: '', fields: module.fields.filter((f) => !f.hidden).map((f) => f.name) }] }]
}

export function newValues(module: ModuleInfo, preset: Record<string, Value>): Values {
  const values: Values = {}
  for (const field of module.fields) {
    if (field.hidden && !(field.name in preset)) continue
    values[field.name] = field.default ?? null
  }
  return { ...values, ...preset }
}

/** 保存新增: the next one begins in the group of the last. */
export function nextValues(module: ModuleInfo, preset: Record<string, Value>, last: Values): Values {
  const group = module.tree?.field
  return newValues(module, { ...preset, ...(group && !isEmpty(last[group]) ? { [group]: last[group] ?? null } : {}) })
}

/** Fields of a form as it stands: what is typed with a new record has its place there alone, where it names what keeps it later. */
export function standsIn(fields: FieldInfo[], name: string, isNew: boolean): boolean {
  const field = fields.find((f) => f.name === name)
  if (!field || field.for_new) return !!field && isNew && !field.readonly
  return !isNew || !fields.some((f) => f.for_new === name && !f.readonly)
}

/** What only records of some kind have is asked for with those alone. */
export function fitsKind(module: ModuleInfo, name: string, values: Values): boolean {
  const kinds = module.only?.fields[name]
  return !kinds || kinds.includes(String(values[module.only?.by ?? ''] ?? ''))
}

/** Of a record made on the way: neither what the place it is made for says already, nor what takes it out of use; of words with kinds, what that kind needs. */
export function askedOnTheWay(module: ModuleInfo, name: string, given: string[]): boolean {
  if (given.includes(name) || name === module.retire) return false
  return !module.only || name in module.only.fields || !!module.fields.find((field) => field.name === name)?.required
}

/** What is chosen among what belongs to the record itself: of a new one there is nothing yet. */
export const needsId = (field: FieldInfo): boolean => Object.values(field.depends ?? {}).includes('id')

/** Where the cursor starts in a new record: the first field that a person fills and that nothing filled before. */
export function firstToFill(fields: FieldInfo[], values: Values): string | undefined {
  const typed = fields.filter((field) => !field.readonly && field.type !== 'serial')
  return (typed.find((field) => isEmpty(values[field.name])) ?? typed[0])?.name
}

/** What came hidden (138****5678) is no value to copy or to compare with. */
export const isHidden = (field: FieldInfo | undefined, value: Value | undefined): boolean => !!field?.masked && typeof value === 'string' && value.includes('****')

/** 复制记录: what a person typed, but nothing that identifies the old record. */
export function copyValues(module: ModuleInfo, row: Row): Values {
  const values = newValues(module, {})
  for (const field of module.fields) {
    if (field.hidden || field.readonly || field.type === 'serial' || field.type === 'password') continue
    // what belongs to the old record alone
    if (needsId(field) || field.for_new) continue
    const value = row[field.name]
    if (value !== undefined && !isHidden(field, value)) values[field.name] = value
  }
  return values
}

export function changedFields(values: Values, original: Values): string[] {
  return Object.keys(values).filter((name) => !same(values[name], original[name]))
}

export function pick(values: Values, names: string[]): Record<string, Value> {
  return Object.fromEntries(names.map((name) => [name, values[name] ?? null]))
}

/** What may be sent for a new record: everything filled in that a person may fill in. */
export function forAdding(module: ModuleInfo, values: Values): Record<string, Value> {
  const readonly = new Set(module.fields.filter((f) => f.readonly).map((f) => f.name))
  return pick(values, Object.keys(values).filter((name) => !readonly.has(name) && !isEmpty(values[name])))
}

export function missingRequired(fields: FieldInfo[], values: Values): Record<string, string> {
  const errors: Record<string, string> = {}
  for (const field of fields) {
    if (field.required && !field.readonly && field.type !== 'serial' && isEmpty(values[field.name])) errors[field.name] = t('「{label}」要填', { label: field.label })
  }
  return errors
}

export function errorsPerTab(tabs: FormTab[], errors: Record<string, string>): number[] {
  return tabs.map((tab) => tab.sections.reduce((n, s) => n + s.fields.filter((f) => errors[f]).length, 0))
}

export function tabOf(tabs: FormTab[], field: string): number {
  return tabs.findIndex((tab) => tab.sections.some((s) => s.fields.includes(field)))
}

export interface Clash { field: string; mine: Value; theirs: Value }

/** Fields that I changed and somebody else changed to something different meanwhile. */
export function clashes(mine: Values, original: Values, theirs: Row): Clash[] {
  return changedFields(mine, original)
    .filter((name) => !same(theirs[name], original[name]) && !same(theirs[name], mine[name]))
    .map((field) => ({ field, mine: mine[field] ?? null, theirs: theirs[field] ?? null }))
}

/** My values on top of the newest version; for clashing fields the choice counts. */
export function rebase(mine: Values, original: Values, theirs: Row, keepTheirs: ReadonlySet<string>): Values {
  const merged: Values = { ...mine }
  const changed = new Set(changedFields(mine, original))
  for (const name of Object.keys(mine)) {
    if (name in theirs && (!changed.has(name) || keepTheirs.has(name))) merged[name] = theirs[name]
  }
  return merged
}
