/** 数据过滤 (C8): conditions of one column in the pop-up ↔ the filter the API takes ↔ the words on a chip. */
import { t } from '@/locale'
import type { Clause, Condition, FieldInfo, Filter, ModuleInfo, Operator, Shortcut, Value } from '../../api/types'

export type Join = 'and' | 'or' | null

/** One column as the pop-up edits it: two conditions, the second counts only when 并且 or 或者 is chosen. */
export interface ColumnFilter { field: string; first: Condition; join: Join; second: Condition | null }

function wordOf(op: Operator): string {
  switch (op) {
    case 'eq': return t('等于')
    case 'ne': return t('不等于')
    case 'gt': return t('大于')
    case 'ge': return t('大于等于')
    case 'lt': return t('小于')
    case 'le': return t('小于等于')
    case 'contains': return t('包含')
    case 'not_contains': return t('不包含')
    case 'like': return t('像')
    case 'empty': return t('为空')
    case 'not_empty': return t('不为空')
  }
}
export const OPERATOR_ORDER: Operator[] = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'contains', 'not_contains', 'like', 'empty', 'not_empty']

export const needsValue = (op: Operator): boolean => op !== 'empty' && op !== 'not_empty'

/** these search in the words, whatever the type of the field */
export const takesText = (op: Operator): boolean => op === 'contains' || op === 'not_contains' || op === 'like'

/** A reference into a tree means the whole subtree, and says so. */
export function operatorWord(op: Operator, field?: FieldInfo): string {
  if (field?.tree && op === 'eq') return t('等于（含下级）')
  if (field?.tree && op === 'ne') return t('不等于（含下级）')
  return wordOf(op)
}

export function operatorsOf(field: FieldInfo): Operator[] {
  return OPERATOR_ORDER.filter((op) => field.operators.includes(op))
}

export function firstOperator(field: FieldInfo): Operator {
  const textual = field.type === 'text' || field.type === 'longtext' || field.type === 'phone' || field.type === 'email' || field.type === 'url' || field.type === 'serial'
  if (textual && field.operators.includes('contains')) return 'contains'
  return operatorsOf(field)[0] ?? 'eq'
}

export function isComplete(c: Condition | null): c is Condition {
  if (!c) return false
  if (!needsValue(c.op)) return true
  return c.value !== undefined && c.value !== null && c.value !== '' && !(Array.isArray(c.value) && c.value.length === 0)
}

/** 等于 with a wildcard in the value most likely means 像. */
export function wantsLike(c: Condition, field: FieldInfo): boolean {
  return (c.op === 'eq' || c.op === 'ne') && typeof c.value === 'string' && /[_%]/.test(c.value) && field.operators.includes('like')
}

export function isOr(clause: Clause): clause is { or: Condition[] } { return 'or' in clause }
export function isAnd(clause: Clause): clause is { and: Condition[] } { return 'and' in clause }

export function conditionsOf(clause: Clause): Condition[] {
  if (isOr(clause)) return clause.or
  if (isAnd(clause)) return clause.and
  return [clause]
}

const tidy = (c: Condition): Condition => (needsValue(c.op) && c.value !== undefined ? { field: c.field, op: c.op, value: c.value } : { field: c.field, op: c.op })

export function toClause(column: ColumnFilter): Clause | null {
  const second = column.join && isComplete(column.second) ? column.second : null
  if (!isComplete(column.first)) return second ? tidy(second) : null
  if (!second) return tidy(column.first)
  const pair = [tidy(column.first), tidy(second)]
  return column.join === 'or' ? { or: pair } : { and: pair }
}

/** The pop-up's view of a clause; null for clauses it cannot show (several columns, more than two conditions). */
export function fromClause(clause: Clause): ColumnFilter | null {
  const conditions = conditionsOf(clause)
  const first = conditions[0]
  if (!first || conditions.length > 2 || conditions.some((c) => c.field !== first.field)) return null
  const second = conditions[1] ?? null
  return { field: first.field, first, join: second ? (isOr(clause) ? 'or' : 'and') : null, second }
}

export const fieldOf = (clause: Clause): string => conditionsOf(clause)[0]?.field ?? ''

export function clauseFor(filter: Filter, field: string): Clause | undefined {
  return filter.and.find((c) => fieldOf(c) === field)
}

/** One clause per column: setting a column replaces what it had, null removes it. */
export function withClause(filter: Filter, field: string, clause: Clause | null): Filter {
  const at = filter.and.findIndex((c) => fieldOf(c) === field)
  const and = filter.and.filter((c) => fieldOf(c) !== field)
  if (clause) and.splice(at < 0 ? and.length : at, 0, clause)
  return { and }
}

/** 按此值过滤 */
export function equalTo(field: FieldInfo, value: Value | undefined): Clause {
  if (value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return { field: field.name, op: 'empty' }
  if (Array.isArray(value)) {
    return value.length === 1 ? { field: field.name, op: 'eq', value: value[0] ?? '' } : { and: value.map((v) => ({ field: field.name, op: 'eq', value: v })) }
  }
  return { field: field.name, op: 'eq', value }
}

export type ValueWords = (condition: Condition, field: FieldInfo) => string

export interface Words { field: string; label: string; text: string }

/** 客户名称 | 等于 aaa 或者 等于 bbb; several values of one column joined by 或者 become a list: 等于 周敏、陈志远 等 4 个 */
export function clauseWords(clause: Clause, fields: Map<string, FieldInfo>, words: ValueWords): Words {
  const conditions = conditionsOf(clause)
  const name = conditions[0]?.field ?? ''
  const info = fields.get(name)
  const one = (c: Condition): string => {
    const field = fields.get(c.field)
    const op = operatorWord(c.op, field)
    const prefix = c.field === name ? '' : `${field?.label ?? c.field} `
    return prefix + (needsValue(c.op) ? `${op} ${field ? words(c, field) : String(c.value ?? '')}` : op)
  }
  let text: string
  if (isOr(clause) && conditions.length > 2 && info && conditions.every((c) => c.field === name && c.op === conditions[0]?.op && needsValue(c.op))) {
    const shown = conditions.slice(0, 2).map((c) => words(c, info)).join('、')
    text = t('{op} {shown} 等 {n} 个', { op: operatorWord(conditions[0]?.op ?? 'eq', info), shown, n: conditions.length })
  } else text = conditions.map(one).join(isOr(clause) ? ` ${t('或者')} ` : ` ${t('并且')} `)
  return { field: name, label: info?.label ?? name, text }
}

/** ids whose titles the chips need, by target module */
export function referencedIds(filter: Filter, fields: Map<string, FieldInfo>): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const clause of filter.and) for (const c of conditionsOf(clause)) {
    const field = fields.get(c.field)
    if (!field?.target || takesText(c.op) || typeof c.value !== 'string' || !c.value) continue
    const ids = found.get(field.target) ?? new Set<string>()
    ids.add(c.value)
    found.set(field.target, ids)
  }
  return found
}

/** A scheme saved before a field was renamed or removed must not break the list. */
export function knownOnly(filter: Filter, fields: Map<string, FieldInfo>): Filter {
  return { and: filter.and.filter((clause) => conditionsOf(clause).length > 0 && conditionsOf(clause).every((c) => fields.has(c.field))) }
}

/** A list whose records have fields by their kind keeps several small lists, each with a name of its own. */
export function kindsOf(module: ModuleInfo): Shortcut[] {
  const by = module.fields.find((one) => one.name === module.only?.by)
  return (by?.options ?? []).map(({ value, label }) => ({ name: value, label, field: by?.name ?? '', value }))
}
/** All parts of a list that have a name. */
export const partsOf = (module: ModuleInfo): Shortcut[] => [...module.shortcuts, ...kindsOf(module)]

/** What leaves the rows of a part alone. */
export const rowsOf = ({ field, value }: Shortcut): Filter => ({ and: [{ field, op: 'eq', value }] })

/** The shortcut whose rows alone a filter leaves. */
export function shortcutIn(shortcuts: Shortcut[], filter: Filter): Shortcut | undefined {
  return filter.and.length === 1 ? shortcuts.find((one) => onlyValue(filter, one.field) === one.value) : undefined
}
/** The value that every row shown has in this field, as far as the filter says so. */
export function onlyValue(filter: Filter, field: string): string | null {
  const clause = clauseFor(filter, field)
  const [only, more] = clause ? conditionsOf(clause) : []
  return only && !more && only.op === 'eq' && typeof only.value === 'string' ? only.value : null
}
