/** The sheet of a document: head and lines as typed so far. Pure; what has not changed keeps its identity, so that only changed lines are drawn anew. */
import type { DocumentInfo, DocumentPage, FieldInfo, FoundProduct, Labels, ModuleInfo, Row, SheetLine, Value, WorkedOut } from '../../api/types'
import { isEmpty } from '../../fields/define'
import { same } from '../../fields/shared/editor'
import { copyValues } from '../model/form'
import type { SheetBody } from './calls'

export type Values = Record<string, Value | undefined>
/** `key` names the line on this screen, from its first moment to its last */
export interface Line { readonly key: string; readonly id: string | null; readonly values: Values }
export interface Sheet { readonly values: Values; readonly lines: readonly Line[] }
export type Entry = DocumentInfo['entry']

/** one whole unit, as quantities travel */
export const ONE = 10_000

export const EMPTY: Sheet = { values: {}, lines: [] }

let keys = 0
export const newLineKey = (): string => `line-${++keys}`

/** which values belong to the sheet: the rest of a row is its machinery */
export interface Names { readonly head: ReadonlySet<string>; readonly lines: ReadonlySet<string> }
export const namesOf = (head: FieldInfo[], lines: FieldInfo[]): Names => ({ head: new Set(head.map((f) => f.name)), lines: new Set(lines.map((f) => f.name)) })

function known(row: SheetLine, names: ReadonlySet<string>): Values {
  return Object.fromEntries(Object.entries(row).filter(([name]) => names.has(name) && name !== 'id'))
}

const idOf = (line: SheetLine): string | null => (typeof line.id === 'string' && line.id ? line.id : null)

/** `before`: the lines keep their names on this screen, so that the cursor stays where it is. */
export function sheetOf(row: SheetLine, lines: SheetLine[], names: Names, before: Sheet = EMPTY): Sheet {
  const keys_ = before.lines.length === lines.length ? before.lines.map((line) => line.key) : []
  return {
    values: known(row, names.head),
    lines: lines.map((line, at) => ({ key: keys_[at] ?? newLineKey(), id: idOf(line), values: known(line, names.lines) })),
  }
}

/** 复制: what a person typed, as a new sheet. */
export function copyOf(page: DocumentPage, module: ModuleInfo, lineModule: ModuleInfo, names: Names): Sheet {
  return sheetOf(copyValues(module, page.row), page.lines.map((line) => copyValues(lineModule, line as Row)), names)
}

export function newLine(fields: FieldInfo[], given: Values): Line {
  const values: Values = {}
  for (const field of fields) if (!isEmpty(field.default)) values[field.name] = field.default
  return { key: newLineKey(), id: null, values: { ...values, ...given } }
}

/** What depends on a field no longer fits when it changes. */
function dependents(fields: FieldInfo[], name: string): Values {
  const cleared: Values = {}
  for (const field of fields) {
    if (field.target_by?.field === name || Object.values(field.depends ?? {}).includes(name)) cleared[field.name] = null
  }
  return cleared
}

export function setHead(sheet: Sheet, fields: FieldInfo[], name: string, value: Value): Sheet {
  if (same(sheet.values[name], value)) return sheet
  return { ...sheet, values: { ...sheet.values, ...dependents(fields, name), [name]: value } }
}

export function setCell(sheet: Sheet, fields: FieldInfo[], key: string, name: string, value: Value): Sheet {
  return {
    ...sheet,
    lines: sheet.lines.map((line) => (line.key === key && !same(line.values[name], value) ? { ...line, values: { ...line.values, ...dependents(fields, name), [name]: value } } : line)),
  }
}

export const addLine = (sheet: Sheet, line: Line): Sheet => ({ ...sheet, lines: [...sheet.lines, line] })
export const removeLine = (sheet: Sheet, key: string): Sheet => ({ ...sheet, lines: sheet.lines.filter((line) => line.key !== key) })
export const indexOf = (sheet: Sheet, key: string | null): number => sheet.lines.findIndex((line) => line.key === key)

export function insertLine(sheet: Sheet, at: number, line: Line): Sheet {
  return { ...sheet, lines: [...sheet.lines.slice(0, at), line, ...sheet.lines.slice(at)] }
}

/** The same line once more, as a new one. */
export function repeat(line: Line): Line {
  return { key: newLineKey(), id: null, values: { ...line.values } }
}

export function fromFound(entry: Entry, fields: FieldInfo[], found: FoundProduct): Values {
  const scanned = found.barcode && fields.some((f) => f.name === 'barcode') ? { barcode: found.barcode } : {}
  return { [entry.product]: found.product, ...(entry.unit ? { [entry.unit]: found.unit_row } : {}), [entry.qty]: ONE, ...scanned }
}

export interface Scanned { sheet: Sheet; key: string; qty: number; merged: boolean }

/** A scan adds one to the line of the same product and unit, or makes that line. */
export function scan(sheet: Sheet, entry: Entry, fields: FieldInfo[], found: FoundProduct): Scanned {
  const there = sheet.lines.find((line) => line.values[entry.product] === found.product && (!entry.unit || same(line.values[entry.unit], found.unit_row)))
  if (!there) {
    const line = newLine(fields, fromFound(entry, fields, found))
    return { sheet: addLine(sheet, line), key: line.key, qty: ONE, merged: false }
  }
  const before = there.values[entry.qty]
  const qty = (typeof before === 'number' ? before : 0) + ONE
  return { sheet: setCell(sheet, fields, there.key, entry.qty, qty), key: there.key, qty, merged: true }
}

// ---- what is sent, and what the answer does to it -------------------------------------------------------------------

function plain(values: Values): Record<string, Value> {
  const sent: Record<string, Value> = {}
  for (const [name, value] of Object.entries(values)) if (value !== undefined) sent[name] = value
  return sent
}

export function bodyOf(sheet: Sheet): SheetBody {
  return { values: plain(sheet.values), lines: sheet.lines.map((line) => ({ ...plain(line.values), ...(line.id ? { id: line.id } : {}) })) }
}

/** A value that a person has changed since the question was sent stays; everything else follows the answer. */
function follow(now: Values, sent: Values, answer: Values): Values {
  let next: Values | null = null
  for (const [name, value] of Object.entries(answer)) {
    if (name === 'id' || same(now[name], value) || !same(now[name], sent[name])) continue
    next ??= { ...now }
    next[name] = value
  }
  return next ?? now
}

/** Other lines than were sent: what a sheet offers by itself. Where somebody has changed the lines meanwhile, his stay. */
function otherLines(now: Sheet, sent: Sheet, lines: readonly SheetLine[]): Line[] | null {
  const isSame = lines.length === sent.lines.length && lines.every((line, at) => idOf(line) === null || idOf(line) === sent.lines[at]?.id)
  if (isSame || now.lines !== sent.lines) return null
  const keys_ = new Map(sent.lines.filter((line) => line.id).map((line) => [line.id, line.key]))
  return lines.map((line) => {
    const { id: _, ...values } = line
    return { key: keys_.get(idOf(line)) ?? newLineKey(), id: idOf(line), values }
  })
}

/** The answer to `sent`, on top of what the sheet has become meanwhile. Lines are known by their key, not by their place. */
export function merge(now: Sheet, sent: Sheet, answer: Pick<WorkedOut, 'values' | 'lines'>): Sheet {
  const places = new Map(sent.lines.map((line, at) => [line.key, at]))
  const others = otherLines(now, sent, answer.lines)
  const lines = others ?? now.lines.map((line) => {
    const at = places.get(line.key)
    const was = at === undefined ? undefined : sent.lines[at]
    const got = at === undefined ? undefined : answer.lines[at]
    if (!was || !got) return line
    const values = follow(line.values, was.values, got)
    return values === line.values ? line : { ...line, values }
  })
  const values = follow(now.values, sent.values, answer.values)
  const still = values === now.values && lines.length === now.lines.length && lines.every((line, at) => line === now.lines[at])
  return still ? now : { values, lines }
}

/** What a person can set differs: calculated values that came later are no change of his. */
export function touched(now: Sheet, before: Sheet, head: FieldInfo[], lines: FieldInfo[]): boolean {
  if (now === before) return false
  const differs = (a: Values, b: Values, fields: FieldInfo[]): boolean => a !== b && fields.some((f) => !f.readonly && !same(a[f.name], b[f.name]))
  return differs(now.values, before.values, head) || now.lines.length !== before.lines.length
    || now.lines.some((line, at) => line !== before.lines[at] && (line.id !== before.lines[at]?.id || differs(line.values, before.lines[at]?.values ?? {}, lines)))
}

// ---- errors ---------------------------------------------------------------------------------------------------------

export interface Errors {
  head: Record<string, string>
  /** by key of the line, then by field; '' = the line as a whole */
  cells: Record<string, Record<string, string>>
  general: string[]
}
export const noErrors = (): Errors => ({ head: {}, cells: {}, general: [] })

/** `lines.3.qty` → the cell; '' and what has no place here → said in general. */
export function placeErrors(fields: Record<string, string>, sheet: Sheet, known: ReadonlySet<string>): Errors {
  const errors = noErrors()
  for (const [name, text] of Object.entries(fields)) {
    const [, place, field = ''] = /^lines\.(\d+)(?:\.(\w+))?$/.exec(name) ?? []
    const line = place === undefined ? undefined : sheet.lines[Number(place)]
    if (line) (errors.cells[line.key] ??= {})[field] = text
    else if (known.has(name)) errors.head[name] = text
    else errors.general.push(text)
  }
  return errors
}

/** What a person can have typed: the rest follows again when the sheet is taken up. Keeps the longest sheets small. */
export function typedOf(sheet: Sheet, head: FieldInfo[], lines: FieldInfo[]): SheetBody {
  const bare = (values: Values, fields: FieldInfo[]): Record<string, Value> =>
    Object.fromEntries(fields.filter((f) => !f.readonly && !isEmpty(values[f.name])).map((f) => [f.name, values[f.name] ?? null]))
  return { values: bare(sheet.values, head), lines: sheet.lines.map((line) => ({ ...bare(line.values, lines), ...(line.id ? { id: line.id } : {}) })) }
}

/** How much there is: of one unit in all, of several unit by unit, since boxes and pieces are no sum. */
export function quantityWords(lines: readonly Line[], qty: string, within: string | undefined, words: (n: number) => string): string {
  const sums = new Map<string, number>()
  for (const { values } of lines) {
    const n = values[qty], unit = within ? String(values[within] ?? '') : ''
    if (typeof n === 'number') sums.set(unit, (sums.get(unit) ?? 0) + n)
  }
  if (sums.size < 2) return words([...sums.values()][0] ?? 0)
  return [...sums].map(([unit, n]) => `${words(n)} ${unit}`.trim()).join(' + ')
}

/** Titles of what stands in the sheet, of all that were learnt. */
export function titlesOf(body: SheetBody, labels: Labels): Labels {
  const used = new Set([body.values, ...body.lines].flatMap((values) => Object.values(values).filter((value): value is string => typeof value === 'string')))
  return Object.fromEntries(Object.entries(labels).filter(([id]) => used.has(id)))
}

export interface Drafted { values: Values; lines: SheetLine[]; labels: Labels; rev: number; at: string; older?: Drafted | null }
