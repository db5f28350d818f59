/** What the server says of an import, and what follows from it for the screen. */
import { t } from '@/locale'

export interface FileColumn { index: number; head: string; samples: string[]; field: string }
export interface TargetField { name: string; label: string; required: boolean; help: string }
export interface SheetRow { number: number; cells: string[] }
export interface Uploaded { id: string; name: string; kind: 'xlsx' | 'csv'; sheets: { name: string; hidden: boolean }[] }
export interface Inspected extends Uploaded { sheet: string; head: number; rows: SheetRow[]; columns: FileColumn[]; fields: TargetField[]; keys: string[] }
export interface Counts { rows: number; good: number; bad: number; twice: number; same: number; odd: number; key: string }
/** the kinds of rows that are told apart: every row is of one; `odd` ones are among the others */
export type Kind = 'bad' | 'twice' | 'plain' | 'odd'
export type Decision = 'skip' | 'new' | 'update'
export interface JudgedRow {
  number: number
  cells: string[]
  /** column (or -1: the whole row) → what is wrong */
  faults: Record<string, string>
  reason: string
  /** column → what does not look as it usually does */
  odd: Record<string, string>
  /** the record that its key means */
  same: string | null
  like: { id: string; title: string; reason: string }[]
  earlier: { number: number; reason: string } | null
}
export interface JudgedPage { heads: string[]; total: number; rows: JudgedRow[] }
/** why rows were left out */
export type Why = 'same' | 'like' | 'repeated' | 'unchanged' | 'bad'
export interface Done { batch: string; added: number; changed: number; left_out: number; left: Partial<Record<Why, number>>; /** of documents: what they are now */ state: '' | 'posted' | 'draft' | 'waiting' }
export interface Undone { deleted: number; /** of documents: those that were not posted */ drafts: number; restored: number; refused: { id: string; title: string; reason: string }[]; refused_count: number }
export interface PastImport { batch: string; at: string; operator: string; own: boolean; file: string; added: number; changed: number; left_out: number; undone_at: string | null; doing: '' | 'write' | 'undo' | 'stop'; /** it was cut off and finished later */ was_cut: boolean; /** what came to no end, as these data were restored or copied meanwhile */ part: '' | 'write' | 'undo' | 'stop' }

export const PAGE_ROWS = 100
/** as the server takes them */
export const FILE_KINDS = '.xlsx,.csv,.txt,.tsv,.xls,.xlsm'

export const count = (n: number): string => n.toLocaleString('en-US')

/** A, B, …, Z, AA, … as the spreadsheet names its columns. */
export function columnName(index: number): string {
  let name = ''
  for (let n = index; n >= 0; n = Math.floor(n / 26) - 1) name = String.fromCharCode(65 + (n % 26)) + name
  return name
}

/** Takes a field for a column; the column that had it before gives it up. */
export function choose(fields: string[], index: number, field: string): string[] {
  return fields.map((old, at) => (at === index ? field : old === field && field ? '' : old))
}

/** Fields without which no new record can be made. */
export function missing(fields: string[], known: TargetField[]): TargetField[] {
  return known.filter((field) => field.required && !fields.includes(field.name))
}

/** Whether the rows that mean a record of their own may go without what a new one needs. */
export function changesOnly(fields: string[], keys: string[]): boolean {
  return keys.some((key) => fields.includes(key))
}

/** How many rows there are of each kind: together they are all, but for `odd`, which counts some of the good ones once more. */
export const kindCounts = (counts: Counts): Record<Kind, number> => ({ bad: counts.bad, twice: counts.twice, plain: counts.good - counts.twice, odd: counts.odd })

/** What a row would do under the choices made. */
export function decisionOf(row: JudgedRow, all: Decision, own: ReadonlyMap<number, Decision>): Decision {
  const mine = own.get(row.number)
  if (mine) return mine
  return all === 'update' && !row.same ? 'skip' : all
}

/** How many rows will be written under the choice for all; rows with a choice of their own only where they are known. */
export function toWrite(counts: Counts, all: Decision, own: ReadonlyMap<number, Decision>, known: ReadonlyMap<number, JudgedRow>): number {
  const bySame = all === 'update' ? counts.same : all === 'new' ? counts.twice : 0
  let changed = 0
  for (const [number, mine] of own) {
    const row = known.get(number)
    if (!row) continue
    const usual = all === 'update' && !row.same ? 'skip' : all
    changed += Number(mine !== 'skip') - Number(usual !== 'skip')
  }
  return counts.good - counts.twice + bySame + changed
}

/** each kind of oddness once, a line to each */
export const oddWords = (row: JudgedRow): string[] => [...new Set(Object.values(row.odd))]

export function likeWords(row: JudgedRow): string {
  const first = row.like[0]
  if (first) return t('{reason}：{title}', { reason: first.reason, title: first.title }) + (row.like.length > 1 ? t('等 {n} 条', { n: row.like.length }) : '')
  return row.earlier ? t('与第 {n} 行{reason}', { n: row.earlier.number, reason: row.earlier.reason }) : ''
}

/** How it stands with an import that is being written or taken back, or was cut off in the middle of that. */
export function stateWords(one: PastImport): string {
  if (one.doing) return one.doing === 'write' ? t('还没写完') : t('还没撤完')
  if (one.part) return one.part === 'write' ? t('只导入了一部分：数据是从备份恢复或复制来的') : t('只撤销了一部分：数据是从备份恢复或复制来的')
  if (!one.was_cut) return one.undone_at ? t('已撤销') : ''
  return one.undone_at ? t('中断后撤完') : t('中断后写完')
}

function addedWords(done: Done): string {
  const n = count(done.added)
  if (done.state === 'draft') return t('新增 {n} 张草稿，过账以后才算数', { n })
  if (done.state === 'waiting') return t('新增 {n} 张待审批的单据，通过以后才算数', { n })
  return done.state ? t('新增 {n} 张单据', { n }) : t('新增 {n} 条', { n })
}

/** Of documents: those that counted are cancelled, the others deleted. */
export function takenBackWords(undone: Undone): string[] {
  const posted = undone.deleted - undone.drafts
  const parts = posted || !undone.drafts ? [t('作废 {n} 张', { n: count(posted) })] : []
  return undone.drafts ? [...parts, t('删除草稿 {n} 张', { n: count(undone.drafts) })] : parts
}

function leftWords(done: Done): string {
  const words: Record<Why, (n: string) => string> = {
    same: (n) => t('已存在、按选择跳过 {n} 行', { n }),
    like: (n) => t('可能已有、按选择跳过 {n} 行', { n }),
    repeated: (n) => t('和前面的行重复、按选择跳过 {n} 行', { n }),
    unchanged: (n) => t('内容没有变化 {n} 行', { n }),
    bad: (n) => t('有误 {n} 行', { n }),
  }
  const parts = (Object.keys(words) as Why[]).flatMap((why) => { const n = done.left[why]; return n ? [words[why](count(n))] : [] })
  return parts.length ? t('（{what}）', { what: parts.join(t('，')) }) : ''
}

export function doneWords(done: Done): string {
  const parts = [addedWords(done)]
  if (done.changed) parts.push(t('更新 {n} 条', { n: count(done.changed) }))
  if (done.left_out) parts.push(t('{n} 行没有导入', { n: count(done.left_out) }) + leftWords(done))
  return parts.join(t('，'))
}
